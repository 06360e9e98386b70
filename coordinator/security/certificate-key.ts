import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { Pkcs10CertificateRequest, type PublicKey } from '@peculiar/x509';
import { DroverError } from '../../proto/index.ts';

/** The one kind of key in the cluster. */
export const ecdsaP256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

// A request with a P-256 key takes about 500 bytes.
const longestRequest = 8 * 1024;

/** What is taken from a certificate request: the key that its sender holds. Names in it are ignored. */
export interface RequestedKey {
  readonly publicKey: PublicKey;
  /** SHA-256 of the public key, base64url: recognises a repeated request. */
  readonly hash: string;
}

/** Reads a PKCS #10 request in PEM and checks that its sender holds the key. Rejects INVALID_ARGUMENT. */
export async function readRequestedKey(csrPem: string): Promise<RequestedKey> {
  if (csrPem.length > longestRequest) throw badRequest('it is too long');
  const request = parse(csrPem);
  const { algorithm, rawData } = request.publicKey;
  if (algorithm.name !== 'ECDSA' || !('namedCurve' in algorithm) || algorithm.namedCurve !== 'P-256') {
    throw badRequest('its key is not of the kind ECDSA P-256');
  }
  const signed = await request.verify().catch(() => false);
  if (!signed) throw badRequest('its signature does not match its key');
  return {
    publicKey: request.publicKey,
    hash: createHash('sha256').update(new Uint8Array(rawData)).digest('base64url'),
  };
}

function parse(csrPem: string): Pkcs10CertificateRequest {
  try {
    return new Pkcs10CertificateRequest(csrPem);
  } catch (cause) {
    throw badRequest('it is no PKCS #10 request in PEM', cause);
  }
}

function badRequest(why: string, cause?: unknown): DroverError {
  return new DroverError('INVALID_ARGUMENT', `The certificate request is refused: ${why}.`, { cause });
}
