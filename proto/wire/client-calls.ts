import type { CallOptions, ClientReadableStream, ClientUnaryCall, Metadata, ServiceError } from '@grpc/grpc-js';
import { fromStatus } from './grpc-status.ts';

type UnaryMethod<Req, Res> = (
  request: Req,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Res) => void,
) => ClientUnaryCall;

/** How a client makes its calls: whom it names in errors, and how long it waits when a call says nothing else. */
export interface CallDefaults {
  /** Names the other side in sentences, e.g. "the coordinator at 10.88.0.1:7400". */
  readonly peer: string;
  readonly timeoutMs: number;
}

/** Promises and async iterators instead of callbacks, with a deadline on every unary call and Drover's own errors. */
export function clientCalls(defaults: CallDefaults, emptyMetadata: () => Metadata) {
  return {
    unary<Req, Res>(
      client: object,
      method: UnaryMethod<Req, Res>,
      request: Req,
      options: { timeoutMs?: number; signal?: AbortSignal } = {},
    ): Promise<Res> {
      return new Promise((resolve, reject) => {
        const deadline = Date.now() + (options.timeoutMs ?? defaults.timeoutMs);
        const call = method.call(client, request, emptyMetadata(), { deadline }, (error, response) => {
          options.signal?.removeEventListener('abort', cancel);
          if (error) reject(fromStatus(error, defaults.peer));
          else resolve(response);
        });
        const cancel = () => call.cancel();
        options.signal?.addEventListener('abort', cancel, { once: true });
        if (options.signal?.aborted) cancel();
      });
    },

    async *stream<Res>(call: ClientReadableStream<Res>, signal?: AbortSignal): AsyncGenerator<Res> {
      const cancel = () => call.cancel();
      signal?.addEventListener('abort', cancel, { once: true });
      if (signal?.aborted) cancel();
      try {
        for await (const message of call) yield message as Res;
      } catch (error) {
        throw fromStatus(error, defaults.peer);
      } finally {
        signal?.removeEventListener('abort', cancel);
        call.cancel();
      }
    },
  };
}
