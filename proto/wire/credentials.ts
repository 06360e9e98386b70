import { type ChannelCredentials, type ChannelOptions, credentials, ServerCredentials } from '@grpc/grpc-js';
import { type Identity, tlsName } from './identity.ts';

/** A certificate with its key and the CA that both sides trust, all PEM. */
export interface TlsIdentity {
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** Longest message either side takes. Chunks are 256 KiB; the manifest of a very large checkpoint is the reason for more. */
export const maxMessageBytes = 8 * 1024 * 1024;

// What may be on its way unread. HTTP/2's own 64 KiB costs a round trip for each quarter of a chunk.
const windowBytes = 2 * 1024 * 1024;

const limits: ChannelOptions = {
  'grpc-node.flow_control_window': windowBytes,
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
};

/** Options of every server. Keep-alive finds dead peers behind NAT within half a minute. */
export const serverOptions: ChannelOptions = {
  ...limits,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 1,
};

/** Options of a channel that must end at the server with this identity. */
export function channelOptions(server: Pick<Identity, 'role' | 'name'>): ChannelOptions {
  return {
    ...serverOptions,
    'grpc.ssl_target_name_override': tlsName(server),
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 5_000,
    'grpc.enable_retries': 0,
    // Two channels to one address may differ in identity, so none is shared.
    'grpc.use_local_subchannel_pool': 1,
  };
}

/** Mutual TLS for a client; without an identity (joining) only the server proves itself. */
export function clientCredentials(tls: { caPem: string } & Partial<TlsIdentity>): ChannelCredentials {
  const own = tls.certificatePem !== undefined && tls.keyPem !== undefined;
  return credentials.createSsl(
    Buffer.from(tls.caPem),
    own ? Buffer.from(tls.keyPem) : null,
    own ? Buffer.from(tls.certificatePem) : null,
  );
}

/**
 * Server credentials that ask every client for a certificate, can be renewed while serving, and let the handshake of a
 * client without a valid certificate succeed: such a client then gets a sentence from `callerIdentity` instead of a torn
 * connection. gRPC reports a peer certificate only when TLS verified its chain, so nothing is trusted by accident.
 */
export class RenewableServerCredentials extends ServerCredentials {
  constructor(tls: TlsIdentity) {
    super({ requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2' }, contextOf(tls));
  }

  /** New connections use the new certificate; open ones stay as they are. */
  renew(tls: TlsIdentity): void {
    this.updateSecureContextOptions(contextOf(tls));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

// The CA is sent along, so that a joining agent can compare it with the fingerprint in its token.
function contextOf(tls: TlsIdentity) {
  return {
    ca: Buffer.from(tls.caPem),
    cert: Buffer.from(`${tls.certificatePem.trimEnd()}\n${tls.caPem}`),
    key: Buffer.from(tls.keyPem),
  };
}
