import { DroverError, withDeadline } from '../../proto/index.ts';

/** The first message of a stream, which must come within `timeoutMs`. Rejects TIMEOUT, BAD_MESSAGE or the signal's reason. */
export async function firstMessage<T>(
  incoming: AsyncIterator<T>,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<T> {
  const first = await withDeadline(timeoutMs, signal, (limit) => {
    const aborted = new Promise<never>((_, reject) => {
      limit.addEventListener('abort', () => reject(signal.aborted ? signal.reason : tooLate(timeoutMs)), {
        once: true,
      });
    });
    return Promise.race([incoming.next(), aborted]);
  });
  if (first.done) throw new DroverError('BAD_MESSAGE', 'The stream ended before its first message.');
  return first.value;
}

function tooLate(timeoutMs: number): DroverError {
  return new DroverError('TIMEOUT', `The first message did not come within ${timeoutMs} ms.`);
}
