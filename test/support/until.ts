import { setTimeout as delay } from 'node:timers/promises';

/** Waits until a condition holds that has no event of its own; fails after 10 s. */
export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`still not true: ${condition}`);
    await delay(5);
  }
}
