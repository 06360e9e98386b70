import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

/** A fresh ECDSA P-256 key, PKCS #8 in PEM. */
export async function newNodeKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
