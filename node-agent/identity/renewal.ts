import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { lifeOf, renewalTimeOf, sleepUntil, type TlsIdentity, toDroverError } from '../../proto/index.ts';
import { type Backoff, backoffMs } from '../session/backoff.ts';
import { checkCertificate } from './check-certificate.ts';
import { enrollmentClient } from './enrollment-client.ts';
import type { IdentityFiles, NodeIdentity } from './identity-files.ts';
import { newNodeKey } from './node-key.ts';

/** Waits between attempts: from a second up to an hour. A third of a certificate's life leaves time for many. */
export const renewalBackoff: Backoff = { firstMs: 1_000, longestMs: 3_600_000, refusedMs: 3_600_000 };

export interface RenewalOptions {
  readonly identity: NodeIdentity;
  readonly files: Pick<IdentityFiles, 'save'>;
  /** Hears of each new identity after it is on disk: servers and clients swap theirs here. */
  readonly onRenewed: (tls: TlsIdentity) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly clock?: { readonly now: () => Date };
  /** How the coordinator is asked. Defaults to EnrollmentService.Renew with the current identity. */
  readonly renew?: (identity: NodeIdentity) => Promise<NodeIdentity>;
  readonly backoff?: Backoff;
  readonly random?: () => number;
}

/**
 * Keeps the node's certificate fresh: a new key and certificate when a third of the life is left. Failed attempts are repeated
 * with backoff, also after expiry: the clock of the device may have been wrong. Resolves once the signal aborts; its waits
 * do not keep the process alive.
 */
export async function keepRenewed(options: RenewalOptions): Promise<void> {
  const { files, log, signal, clock = { now: () => new Date() }, backoff = renewalBackoff } = options;
  const { renew = renewOnce, random = Math.random } = options;
  let { identity } = options;
  let failures = 0;
  while (!signal.aborted) {
    try {
      await sleepUntil(renewalTimeOf(lifeOf(identity.tls.certificatePem)), clock, signal);
      identity = await renew(identity);
      await files.save(identity);
      options.onRenewed(identity.tls);
      failures = 0;
      log.info({ event: 'certificate.renewed', node: identity.node }, 'the certificate of this node was renewed');
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      report(error);
    }
    // After a success as well: a clock that runs wild must not ask for certificates in a loop.
    await pause(failures === 0 ? backoff.firstMs : backoff.firstMs / 2 + backoffMs(failures, random(), backoff));
  }

  function report(error: unknown): void {
    const { code, message } = toDroverError(error);
    const { notAfter } = lifeOf(identity.tls.certificatePem);
    const expired = clock.now() > notAfter;
    const facts = { event: 'certificate.not_renewed', node: identity.node, code, failures, notAfter };
    if (expired)
      log.error(facts, `the certificate has expired; delete the identity and join with a new token: ${message}`);
    else log.warn(facts, `the certificate could not be renewed; it is tried again: ${message}`);
  }

  async function pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

/** Asks the coordinator once for a certificate for a fresh key. Rejects CERTIFICATE_*, UNAUTHENTICATED, COORDINATOR_UNREACHABLE. */
export async function renewOnce({ node, coordinator, tls }: NodeIdentity): Promise<NodeIdentity> {
  const { certificateRequest } = await import('./certificate-request.ts');
  const keyPem = await newNodeKey();
  const client = enrollmentClient({ coordinator, tls, timeoutMs: 15_000 });
  try {
    const { certificatePem } = await client.renew({ csrPem: await certificateRequest(node, keyPem) });
    // The CA stays the one that was trusted at the join.
    const renewed = { node, coordinator, tls: { caPem: tls.caPem, certificatePem, keyPem } };
    checkCertificate(node, renewed.tls);
    return renewed;
  } finally {
    client.close();
  }
}
