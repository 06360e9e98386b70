import { createHash } from 'node:crypto';
import { DroverError } from './drover-error.ts';

/** A join token's parts. The text is `drover-join-1.ID.SECRET.FINGERPRINT`. */
export interface JoinToken {
  /** Names the token in lists and logs. */
  readonly id: string;
  /** 256 random bits, base64url. */
  readonly secret: string;
  /** What the CA certificate of the cluster must hash to; see `caFingerprintOf`. */
  readonly caFingerprint: string;
}

const kind = 'drover-join-1';
const tokenPattern = /^drover-join-1\.([0-9a-f]{12})\.([\w-]{43})\.([\w-]{43})$/;

export function formatJoinToken({ id, secret, caFingerprint }: JoinToken): string {
  return [kind, id, secret, caFingerprint].join('.');
}

/** Reads a token as people paste it. Throws TOKEN_INVALID, without repeating any of the text. */
export function parseJoinToken(text: string): JoinToken {
  const [, id, secret, caFingerprint] = tokenPattern.exec(text.trim()) ?? [];
  if (id !== undefined && secret !== undefined && caFingerprint !== undefined) return { id, secret, caFingerprint };
  throw new DroverError(
    'TOKEN_INVALID',
    text.trim().startsWith('drover-join-')
      ? 'This join token is cut off or of another version; copy the whole line that "drover token create" printed.'
      : 'This is not a join token; copy the whole line that "drover token create" printed.',
  );
}

/** SHA-256 of a certificate's DER, base64url: how a token names the CA. */
export function caFingerprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('base64url');
}
