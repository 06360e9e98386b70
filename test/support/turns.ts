import { setImmediate as turn } from 'node:timers/promises';

/** Lets everything that needs no time happen, so that a test can say what did not. */
export async function turns(count = 20): Promise<void> {
  for (let n = 0; n < count; n++) await turn();
}
