import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerErrorResponse,
} from '@grpc/grpc-js';
import { DroverError } from './drover-error.ts';
import { toStatus } from './grpc-status.ts';
import { type Identity, identityOf } from './identity.ts';
import { writeAll } from './stream.ts';

/** What a handler knows of its call besides the request. */
export interface CallContext {
  /** Verified identity of the caller; throws UNAUTHENTICATED when it showed no valid certificate. */
  readonly caller: () => Identity;
  /** Address of the other end, for logs. */
  readonly peer: string;
  /** Aborted when the caller cancels, its deadline passes or its connection breaks. */
  readonly signal: AbortSignal;
}

/** Hears of every refused or failed call. */
export type OnCallError = (error: unknown, facts: { method: string; peer: string }) => void;

interface SurfaceCall {
  getPeer(): string;
  getPath(): string;
  getAuthContext(): { sslPeerCertificate?: import('node:tls').PeerCertificate };
  on(event: 'cancelled', listener: () => void): unknown;
}

/** Turns async functions and generators into gRPC handlers with one way of handling identity, errors and back-pressure. */
export function serverCalls(onError: OnCallError) {
  return {
    unary:
      <Req, Res>(handle: (request: Req, context: CallContext) => Promise<Res>): handleUnaryCall<Req, Res> =>
      (call, callback) => {
        run(call, (context) => handle(call.request, context)).then(
          (response) => callback(null, response),
          (error) => callback(asResponse(call, error)),
        );
      },

    serverStream:
      <Req, Res>(
        handle: (request: Req, context: CallContext) => AsyncIterable<Res>,
      ): handleServerStreamingCall<Req, Res> =>
      (call) => {
        run(call, (context) => writeAll(call, handle(call.request, context), context.signal)).then(
          () => call.end(),
          (error) => call.emit('error', asResponse(call, error)),
        );
      },

    clientStream:
      <Req, Res>(
        handle: (requests: AsyncIterable<Req>, context: CallContext) => Promise<Res>,
      ): handleClientStreamingCall<Req, Res> =>
      (call, callback) => {
        run(call, (context) => handle(call, context)).then(
          (response) => callback(null, response),
          (error) => callback(asResponse(call, error)),
        );
      },

    bidi:
      <Req, Res>(
        handle: (requests: AsyncIterable<Req>, context: CallContext) => AsyncIterable<Res>,
      ): handleBidiStreamingCall<Req, Res> =>
      (call) => {
        // Reading to the end must not destroy the stream: the status is still to be written to its other half.
        const requests = call.iterator({ destroyOnReturn: false });
        run(call, (context) => writeAll(call, handle(requests, context), context.signal)).then(
          () => call.end(),
          (error) => call.emit('error', asResponse(call, error)),
        );
      },
  };

  function asResponse(call: SurfaceCall, error: unknown): ServerErrorResponse {
    onError(error, { method: call.getPath(), peer: call.getPeer() });
    return Object.assign(new Error('call failed'), toStatus(error)) as ServerErrorResponse;
  }
}

async function run<T>(call: SurfaceCall, body: (context: CallContext) => Promise<T>): Promise<T> {
  const cancelled = new AbortController();
  call.on('cancelled', () => cancelled.abort(new DroverError('CANCELLED', 'The caller went away.')));
  return body({ caller: () => callerIdentity(call), peer: call.getPeer(), signal: cancelled.signal });
}

function callerIdentity(call: SurfaceCall): Identity {
  const certificate = call.getAuthContext().sslPeerCertificate;
  if (certificate === undefined) {
    throw new DroverError(
      'UNAUTHENTICATED',
      'No valid client certificate: it is missing, expired, or was not signed by this cluster.',
      { details: { peer: call.getPeer() } },
    );
  }
  return identityOf(certificate, new Date());
}
