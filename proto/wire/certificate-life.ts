import { X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

/** From when to when a certificate is valid. */
export interface CertificateLife {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

// Timers do not run while a device sleeps, and its clock may be set meanwhile: so it is looked at this often.
const lookMs = 60 * 60 * 1000;

export function lifeOf(certificatePem: string): CertificateLife {
  const { validFrom, validTo } = new X509Certificate(certificatePem);
  return { notBefore: new Date(validFrom), notAfter: new Date(validTo) };
}

/** When a certificate should be renewed: when a third of its life is left. Pure. */
export function renewalTimeOf({ notBefore, notAfter }: CertificateLife): Date {
  return new Date(notAfter.getTime() - (notAfter.getTime() - notBefore.getTime()) / 3);
}

/** Waits until a time by the given clock. The wait does not keep the process alive. Rejects when the signal aborts. */
export async function sleepUntil(time: Date, clock: { now: () => Date }, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const leftMs = time.getTime() - clock.now().getTime();
    if (leftMs <= 0) return;
    await delay(Math.min(leftMs, lookMs), undefined, { signal, ref: false });
  }
}
