import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { lifeOf, renewalTimeOf, sleepUntil, type TlsIdentity } from '../../proto/index.ts';
import type { Clock } from '../clock.ts';
import type { CertificateAuthority } from './certificate-authority.ts';

// Between two renewals, and after a failed one: a clock that runs wild must not make certificates in a loop.
const pauseMs = 60_000;

/**
 * Keeps the coordinator's own certificate fresh while it runs: a new one when a third of the life is left. Each is given to
 * `onRenewed`. Resolves once the signal aborts.
 */
export async function keepCoordinatorCertificate(options: {
  readonly ca: Pick<CertificateAuthority, 'issueCoordinator'>;
  readonly tls: TlsIdentity;
  readonly onRenewed: (tls: TlsIdentity) => void | Promise<void>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { ca, clock, log, signal } = options;
  let { tls } = options;
  while (!signal.aborted) {
    try {
      await sleepUntil(renewalTimeOf(lifeOf(tls.certificatePem)), clock, signal);
      tls = await ca.issueCoordinator();
      await options.onRenewed(tls);
      log.info({ event: 'coordinator.renewed' }, "the coordinator's certificate was renewed");
    } catch (error) {
      if (signal.aborted) return;
      log.error({ err: error }, "the coordinator's certificate could not be renewed; it is tried again");
    }
    await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
