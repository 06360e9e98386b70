import { setTimeout as sleep } from 'node:timers/promises';

/** Looks every 50 ms until there is something, for what offers no event to wait for. Rejects after `timeoutMs`. */
export async function untilTrue<T>(look: () => Promise<T | undefined>, what: string, timeoutMs = 10_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await sleep(50);
  }
}
