import { createPrivateKey, KeyObject, X509Certificate as NodeCertificate, webcrypto } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DroverError, recoverPrivateDirectory, writePrivateDirectory } from '../../proto/index.ts';
import { ecdsaP256 } from './certificate-key.ts';

/** The CA as it lies on disk: `ca/key.pem` and `ca/certificate.pem` in the data directory, readable by its owner only. */
export interface AuthorityKeys {
  readonly certificatePem: string;
  readonly key: webcrypto.CryptoKey;
}

/** Reads the CA; undefined before the first start. Rejects CERTIFICATE_INVALID when it is damaged: it is never made anew. */
export async function readAuthority(dataDir: string): Promise<AuthorityKeys | undefined> {
  const directory = join(dataDir, 'ca');
  await recoverPrivateDirectory(directory);
  if (await isAbsent(directory)) return undefined;
  try {
    const keyPem = await readFile(join(directory, 'key.pem'), 'utf8');
    const certificatePem = await readFile(join(directory, 'certificate.pem'), 'utf8');
    return { certificatePem, key: await importKey(keyPem, certificatePem) };
  } catch (cause) {
    throw damaged(directory, cause);
  }
}

/** Writes a new CA, key and certificate at once. */
export async function writeAuthority(dataDir: string, key: webcrypto.CryptoKey, certificatePem: string): Promise<void> {
  const keyPem = KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
  await writePrivateDirectory(join(dataDir, 'ca'), { 'key.pem': keyPem, 'certificate.pem': certificatePem });
}

async function importKey(keyPem: string, certificatePem: string): Promise<webcrypto.CryptoKey> {
  const key = createPrivateKey(keyPem);
  const certificate = new NodeCertificate(certificatePem);
  if (!certificate.ca || !certificate.checkPrivateKey(key)) throw new Error('the key is not that of the certificate');
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', pkcs8, ecdsaP256, false, ['sign']);
}

async function isAbsent(path: string): Promise<boolean> {
  try {
    await stat(path);
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
}

function damaged(directory: string, cause: unknown): DroverError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new DroverError(
    'CERTIFICATE_INVALID',
    `The certificate authority in ${directory} cannot be used (${why}); put it back from a copy, or every node has to join anew.`,
    { details: { directory }, cause },
  );
}
