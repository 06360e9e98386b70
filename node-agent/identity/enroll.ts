import { X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import {
  caFingerprintOf,
  DroverError,
  isValidName,
  type JoinResponse,
  parseJoinToken,
  toDroverError,
} from '../../proto/index.ts';
import { backoffMs } from '../session/backoff.ts';
import { checkCertificate } from './check-certificate.ts';
import { type EnrollmentClient, enrollmentClient } from './enrollment-client.ts';
import { findAuthority } from './find-authority.ts';
import type { NodeIdentity } from './identity-files.ts';

// A join whose answer was lost is asked for again with the same key, which the coordinator recognises.
const attempts = 4;

export interface EnrollOptions {
  /** HOST:PORT. */
  readonly coordinator: string;
  /** As `drover token create` printed it. */
  readonly token: string;
  /** The name that the node wants. */
  readonly node: string;
  /** P-256 key in PEM, which stays on this device; see `IdentityFiles.pendingKey`. */
  readonly keyPem: string;
  readonly log: Logger;
  /** For each attempt. Defaults to 15,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Makes this device a node. The coordinator is trusted only if it shows the CA whose fingerprint stands in the token, and the
 * token is sent only after TLS has verified it against that CA. Rejects TOKEN_*, CA_MISMATCH, NODE_EXISTS, INVALID_ARGUMENT,
 * COORDINATOR_UNREACHABLE.
 */
export async function enroll(options: EnrollOptions): Promise<NodeIdentity> {
  const { coordinator, token, node, keyPem, timeoutMs = 15_000 } = options;
  const { caFingerprint } = parseJoinToken(token);
  requireName(node);
  const limits = { timeoutMs, ...(options.signal === undefined ? {} : { signal: options.signal }) };
  const caPem = await findAuthority({ coordinator, caFingerprint, ...limits });
  const { certificateRequest } = await import('./certificate-request.ts');
  const request = { token: token.trim(), node, csrPem: await certificateRequest(node, keyPem) };
  const client = enrollmentClient({ coordinator, tls: { caPem }, ...limits });
  try {
    const answer = await joinWithRetries(client, request, options);
    return identityFrom(answer, { coordinator, node, keyPem, caFingerprint });
  } finally {
    client.close();
  }
}

async function joinWithRetries(
  client: EnrollmentClient,
  request: Parameters<EnrollmentClient['join']>[0],
  { log, signal, node }: EnrollOptions,
): Promise<JoinResponse> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await client.join(request);
    } catch (error) {
      const { retryable, code, message } = toDroverError(error);
      if (!retryable || attempt === attempts || signal?.aborted) throw error;
      log.warn({ event: 'join.retry', node, code, attempt }, message);
      await delay(backoffMs(attempt, Math.random()), undefined, signal === undefined ? {} : { signal });
    }
  }
}

// What comes back is checked as well: a certificate that does not fit would only fail later, and less clearly.
function identityFrom(
  { certificatePem, caPem }: JoinResponse,
  expected: { coordinator: string; node: string; keyPem: string; caFingerprint: string },
): NodeIdentity {
  const { coordinator, node, keyPem, caFingerprint } = expected;
  const tls = { caPem, certificatePem, keyPem };
  checkCertificate(node, tls);
  if (caFingerprintOf(new X509Certificate(caPem).raw) !== caFingerprint) {
    throw new DroverError('CA_MISMATCH', `The coordinator at ${coordinator} answered with another CA than its own.`);
  }
  return { node, coordinator, tls };
}

function requireName(node: string): void {
  if (isValidName(node)) return;
  throw new DroverError(
    'INVALID_ARGUMENT',
    `"${node}" cannot be a node's name; use --name with 2 to 63 characters of a-z, 0-9 and "-".`,
  );
}
