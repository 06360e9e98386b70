import { Metadata } from '@grpc/grpc-js';
import {
  channelOptions,
  clientCalls,
  clientCredentials,
  coordinatorIdentity,
  EnrollmentServiceClient,
  type JoinRequest,
  type JoinResponse,
  type RenewRequest,
  type RenewResponse,
  type TlsIdentity,
} from '../../proto/index.ts';

/** One verified connection to the coordinator's EnrollmentService. Calls reject with DroverErrors. */
export interface EnrollmentClient {
  join(request: JoinRequest): Promise<JoinResponse>;
  renew(request: RenewRequest): Promise<RenewResponse>;
  close(): void;
}

/** With a certificate and key the caller proves who it is; joining needs only the CA. */
export function enrollmentClient(options: {
  readonly coordinator: string;
  readonly tls: { readonly caPem: string } & Partial<TlsIdentity>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}): EnrollmentClient {
  const { coordinator, tls, timeoutMs, signal } = options;
  const client = new EnrollmentServiceClient(coordinator, clientCredentials(tls), channelOptions(coordinatorIdentity));
  const calls = clientCalls({ peer: `the coordinator at ${coordinator}`, timeoutMs }, () => new Metadata());
  const limits = signal === undefined ? {} : { signal };
  return {
    join: (request) => calls.unary<JoinRequest, JoinResponse>(client, client.join, request, limits),
    renew: (request) => calls.unary<RenewRequest, RenewResponse>(client, client.renew, request, limits),
    close: () => client.close(),
  };
}
