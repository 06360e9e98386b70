import { randomUUID } from 'node:crypto';
import { DroverError, fromFailure, type SendOutputRequest } from '../../proto/index.ts';

/** Output that a FollowLogs command has asked for, seen from the one who reads it. */
export interface ExpectedOutput {
  readonly streamId: string;
  /** What the agent sends, read only as fast as the caller iterates. Throws the failure that the agent ended with. */
  read(): AsyncIterable<SendOutputRequest>;
  /** Makes `read` throw; for when the command failed. */
  fail(error: unknown): void;
  /** Nobody reads any more; the agent's stream is ended. */
  close(): void;
}

/** Brings those who wait for output together with the streams that carry it. */
export interface OutputStreams {
  /** `timeoutMs`: how long the node has to open the stream. */
  expect(node: string, options: { readonly timeoutMs: number; readonly signal: AbortSignal }): ExpectedOutput;
  /** Hands a node's stream to its reader and resolves when that has read all. Rejects PERMISSION_DENIED or CANCELLED. */
  accept(node: string, first: SendOutputRequest, rest: AsyncIterator<SendOutputRequest>): Promise<void>;
}

interface Incoming {
  readonly first: SendOutputRequest;
  readonly rest: AsyncIterator<SendOutputRequest>;
  readonly finish: (error?: DroverError) => void;
}

interface Waiting {
  readonly node: string;
  readonly arrive: (incoming: Incoming) => void;
}

export function createOutputStreams(): OutputStreams {
  const waiting = new Map<string, Waiting>();
  return {
    expect: (node, { timeoutMs, signal }) => {
      const streamId = randomUUID();
      const arrival = withReject<Incoming>();
      let open: Incoming | undefined;
      const fail = (error: unknown) => arrival.reject(error);
      const timer = setTimeout(() => fail(notOpened(node, timeoutMs)), timeoutMs);
      const abort = () => close();
      signal.addEventListener('abort', abort, { once: true });
      waiting.set(streamId, {
        node,
        arrive: (incoming) => {
          clearTimeout(timer);
          waiting.delete(streamId);
          open = incoming;
          arrival.resolve(incoming);
        },
      });
      return { streamId, fail, close, read: () => readAll(arrival.promise) };

      function close(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        waiting.delete(streamId);
        arrival.reject(gone());
        open?.finish(gone());
      }
    },

    accept: (node, first, rest) => {
      const reader = waiting.get(first.streamId);
      // The same answer whether it does not exist or is another node's: a node learns nothing of others.
      if (reader?.node !== node) return Promise.reject(notAsked(node));
      return new Promise((resolve, reject) => {
        reader.arrive({ first, rest, finish: (error) => (error ? reject(error) : resolve()) });
      });
    },
  };
}

async function* readAll(arrival: Promise<Incoming>): AsyncGenerator<SendOutputRequest> {
  const { first, rest, finish } = await arrival;
  let complete = false;
  try {
    for (let message: SendOutputRequest | undefined = first; message; message = await nextOf(rest)) {
      if (message.failure) throw fromFailure(message.failure);
      if (message.data.length > 0) yield message;
    }
    complete = true;
  } finally {
    // Also when the reader leaves early: the agent must not go on sending.
    finish(complete ? undefined : gone());
  }
}

async function nextOf<T>(iterator: AsyncIterator<T>): Promise<T | undefined> {
  const next = await iterator.next();
  return next.done ? undefined : next.value;
}

function withReject<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // It may fail before anybody reads; whoever reads still gets the error.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

function notOpened(node: string, timeoutMs: number): DroverError {
  return new DroverError('TIMEOUT', `${node} did not start to send the output within ${timeoutMs} ms.`, {
    details: { node },
  });
}

function gone(): DroverError {
  return new DroverError('CANCELLED', 'Nobody reads this output any more.');
}

function notAsked(node: string): DroverError {
  return new DroverError('PERMISSION_DENIED', 'Nobody asked this node for that output.', { details: { node } });
}
