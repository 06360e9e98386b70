import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { caFingerprintOf, coordinatorIdentity, DroverError, tlsName, withDeadline } from '../../proto/index.ts';

// A server sends its own certificate and the CA's; a longer chain is not ours.
const longestChain = 8;

/**
 * Connects without trust, looks for the CA certificate with the given fingerprint among those that the server shows, and
 * returns it as PEM. Nothing is sent on this connection. Rejects CA_MISMATCH when it is not there, COORDINATOR_UNREACHABLE.
 */
export async function findAuthority(options: {
  /** HOST:PORT. */
  readonly coordinator: string;
  readonly caFingerprint: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}): Promise<string> {
  const { coordinator, caFingerprint, timeoutMs, signal } = options;
  const address = parseAddress(coordinator);
  const socket = connect({
    ...address,
    rejectUnauthorized: false,
    servername: tlsName(coordinatorIdentity),
    ALPNProtocols: ['h2'],
  });
  try {
    await withDeadline(timeoutMs, signal ?? new AbortController().signal, (limit) =>
      once(socket, 'secureConnect', { signal: limit }),
    );
    return pemOf(chainOf(socket).find(({ raw }) => caFingerprintOf(raw) === caFingerprint) ?? mismatch(coordinator));
  } catch (error) {
    throw error instanceof DroverError ? error : unreachable(coordinator, error, signal);
  } finally {
    socket.on('error', () => undefined).destroy();
  }
}

function parseAddress(text: string): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text) ?? [];
  const [host, port] = [bracketed ?? plain, Number(digits)];
  if (host !== undefined && port > 0 && port < 65_536) return { host, port };
  throw new DroverError(
    'INVALID_ARGUMENT',
    `"${text}" is no address of a coordinator; give HOST:PORT, e.g. 10.0.0.1:7400.`,
  );
}

function chainOf(socket: TLSSocket): DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  // A self-signed certificate is its own issuer.
  while (next?.raw !== undefined && !chain.includes(next) && chain.length < longestChain) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

function pemOf({ raw }: DetailedPeerCertificate): string {
  return new X509Certificate(raw).toString();
}

function mismatch(coordinator: string): never {
  throw new DroverError(
    'CA_MISMATCH',
    `The server at ${coordinator} does not belong to the cluster of this join token; check the address, and that nobody is in between.`,
    { details: { coordinator } },
  );
}

function unreachable(coordinator: string, error: unknown, signal?: AbortSignal): DroverError {
  if (signal?.aborted) return new DroverError('CANCELLED', 'Joining was cancelled.', { cause: error });
  const late = error instanceof Error && error.name === 'AbortError';
  const why = late ? 'it does not answer' : error instanceof Error ? error.message : String(error);
  return new DroverError('COORDINATOR_UNREACHABLE', `Cannot reach the coordinator at ${coordinator}: ${why}.`, {
    details: { coordinator },
    cause: error,
  });
}
