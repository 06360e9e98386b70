// Loaded only when a certificate is asked for (`await import`): an idle agent should not carry an X.509 library in memory.
import 'reflect-metadata';
import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

const ecdsaP256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A PKCS #10 request in PEM for the public half of a P-256 key. It carries a name only for those who read it. */
export async function certificateRequest(node: string, keyPem: string): Promise<string> {
  const key = createPrivateKey(keyPem);
  const { subtle } = webcrypto;
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: `CN=${node}`,
    keys: {
      privateKey: await subtle.importKey('pkcs8', pkcs8, ecdsaP256, false, ['sign']),
      publicKey: await subtle.importKey('spki', spki, ecdsaP256, true, ['verify']),
    },
    signingAlgorithm: ecdsaP256,
  });
  return request.toString('pem');
}
