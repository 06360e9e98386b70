import type { handleServerStreamingCall, handleUnaryCall } from '@grpc/grpc-js';
import type { CallContext, Identity, serverCalls } from '../../proto/index.ts';
import type { Authorize } from '../nodes/session-service.ts';

type Calls = Pick<ReturnType<typeof serverCalls>, 'unary' | 'serverStream'>;

/** Ways to serve a call that is refused unless an administrator makes it. */
export interface AdminCalls {
  unary<Req, Res>(handle: (request: Req, context: AdminContext) => Promise<Res>): handleUnaryCall<Req, Res>;
  serverStream<Req, Res>(
    handle: (request: Req, context: AdminContext) => AsyncIterable<Res>,
  ): handleServerStreamingCall<Req, Res>;
}

export interface AdminContext {
  readonly admin: Identity;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
}

/** Every handler of the admin service is made here, so that none can forget to ask who calls. */
export function adminCalls(calls: Calls, authorize: Authorize): AdminCalls {
  const admitted = (context: CallContext): AdminContext => ({
    admin: authorize(context, 'admin'),
    signal: context.signal,
  });
  return {
    unary: (handle) => calls.unary(async (request, context) => handle(request, admitted(context))),
    serverStream: (handle) =>
      calls.serverStream(async function* (request, context) {
        yield* handle(request, admitted(context));
      }),
  };
}
