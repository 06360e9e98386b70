import type { Cli } from './cli.ts';

/** Runs `body` with a signal that aborts at Ctrl-C or a termination signal, which then do not kill the program. */
export async function untilInterrupted<T>(
  cli: Pick<Cli, 'onInterrupt'>,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupted = new AbortController();
  const restore = cli.onInterrupt(() => interrupted.abort());
  try {
    return await body(interrupted.signal);
  } finally {
    restore();
  }
}
