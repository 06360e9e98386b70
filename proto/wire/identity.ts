import type { PeerCertificate } from 'node:tls';
import { DroverError } from './drover-error.ts';

/** Who a certificate says its holder is. */
export interface Identity {
  readonly role: 'coordinator' | 'node' | 'admin';
  readonly name: string;
  /** SHA-256 fingerprint of the certificate, colon-separated hex. */
  readonly fingerprint: string;
}

const domain = 'drover.internal';
const namePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$/;

/** Node, admin and coordinator names: 2 to 63 characters of a-z, 0-9 and "-", not at either end. */
export function isValidName(name: string): boolean {
  return namePattern.test(name);
}

/** The URI that a certificate carries for an identity, e.g. drover://node/edge-1. */
export function identityUri(identity: Pick<Identity, 'role' | 'name'>): string {
  return `drover://${identity.role}/${identity.name}`;
}

/** The DNS name under which a server certificate is checked, whatever address it was dialled at. */
export function tlsName(identity: Pick<Identity, 'role' | 'name'>): string {
  return `${identity.name}.${identity.role}.${domain}`;
}

/** The coordinator's own name in its certificate. */
export const coordinatorIdentity = { role: 'coordinator', name: 'main' } as const;

/** Reads the identity out of a certificate whose chain TLS has already verified. Throws CERTIFICATE_INVALID or _EXPIRED. */
export function identityOf(certificate: PeerCertificate, now: Date): Identity {
  if (now > new Date(certificate.valid_to)) {
    throw new DroverError('CERTIFICATE_EXPIRED', `The client certificate expired at ${certificate.valid_to}.`);
  }
  const uris = (certificate.subjectaltname ?? '').split(', ').filter((name) => name.startsWith('URI:drover://'));
  const match =
    uris.length === 1 ? /^URI:drover:\/\/(coordinator|node|admin)\/([a-z0-9-]+)$/.exec(uris[0] ?? '') : null;
  const [, role, name] = match ?? [];
  if (role === undefined || name === undefined || !isValidName(name)) {
    throw new DroverError('CERTIFICATE_INVALID', 'The client certificate does not name a Drover identity.');
  }
  return { role: role as Identity['role'], name, fingerprint: certificate.fingerprint256 };
}
