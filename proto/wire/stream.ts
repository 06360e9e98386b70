import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Writes every value, waiting whenever the other side is slower, until the source ends or the signal aborts. */
export async function writeAll<T>(
  sink: Pick<Writable, 'write' | 'once' | 'on'>,
  values: AsyncIterable<T>,
  signal: AbortSignal,
): Promise<void> {
  for await (const value of values) {
    signal.throwIfAborted();
    if (!sink.write(value)) await once(sink as Writable, 'drain', { signal });
  }
}
