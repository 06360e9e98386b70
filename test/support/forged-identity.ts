import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import { SubjectAlternativeNameExtension, X509Certificate, X509CertificateGenerator } from '@peculiar/x509';
import { type Identity, identityUri, type TlsIdentity, tlsName } from '../../proto/index.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A certificate that names a CA as its issuer without that CA's signature: what an attacker can make of public facts. */
export async function forgedIdentity(caPem: string, identity: Pick<Identity, 'role' | 'name'>): Promise<TlsIdentity> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.create({
    ...{ serialNumber: '02', issuer: new X509Certificate(caPem).subject, subject: `CN=${identity.name}` },
    ...{ publicKey: keys.publicKey, signingKey: keys.privateKey, signingAlgorithm: algorithm },
    ...{ notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) },
    extensions: [
      new SubjectAlternativeNameExtension([
        { type: 'dns', value: tlsName(identity) },
        { type: 'url', value: identityUri(identity) },
      ]),
    ],
  });
  const keyPem = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { caPem, certificatePem: certificate.toString('pem'), keyPem };
}
