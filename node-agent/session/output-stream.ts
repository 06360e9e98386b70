import {
  type AgentSessionServiceClient,
  fromStatus,
  type SendOutputRequest,
  toFailure,
  writeAll,
} from '../../proto/index.ts';

export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

/**
 * Sends the output that a FollowLogs command asked for, only as fast as its reader takes it. `chunks` gets a signal that
 * aborts as soon as nobody reads any more. Resolves when all was taken; rejects CANCELLED when the reader went away.
 */
export async function sendOutput(options: {
  readonly client: Pick<AgentSessionServiceClient, 'sendOutput'>;
  /** Names the coordinator in errors. */
  readonly peer: string;
  readonly streamId: string;
  readonly chunks: (signal: AbortSignal) => AsyncIterable<OutputChunk>;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { client, peer, streamId, chunks, signal } = options;
  const ended = new AbortController();
  let settle: (error: unknown) => void = () => undefined;
  const answered = new Promise<void>((resolve, reject) => {
    settle = (error) => (error ? reject(fromStatus(error, peer)) : resolve());
  });
  // The reader may go away while the output still has to be ended.
  answered.catch(() => undefined);
  const call = client.sendOutput((error) => {
    ended.abort(error);
    settle(error);
  });
  call.on('error', () => undefined);
  const cancel = () => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const either = AbortSignal.any([signal, ended.signal]);
  try {
    await writeAll(
      call,
      messages(streamId, () => chunks(either)),
      either,
    ).catch((error) => {
      if (!either.aborted) throw error;
    });
    call.end();
    await answered;
  } finally {
    signal.removeEventListener('abort', cancel);
    ended.abort();
  }
}

// The first message opens the stream even when there is no output yet; an error becomes the last one.
async function* messages(
  streamId: string,
  chunks: () => AsyncIterable<OutputChunk>,
): AsyncGenerator<SendOutputRequest> {
  const empty = { streamId, stream: 'stdout', data: Buffer.alloc(0) };
  yield empty;
  try {
    for await (const { stream, data } of chunks()) yield { streamId, stream, data };
  } catch (error) {
    yield { ...empty, failure: toFailure(error) };
  }
}
