import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { coordinatorIdentity, type Identity, identityUri, type TlsIdentity, tlsName } from '../../proto/index.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const hourMs = 3_600_000;

/** Certificates of one throw-away cluster, for whoever a test needs. */
export async function issuedCertificates(): Promise<{
  coordinator: TlsIdentity;
  issue: (identity: Pick<Identity, 'role' | 'name'>) => Promise<TlsIdentity>;
}> {
  cryptoProvider.set(webcrypto);
  const caKeys = await keyPair();
  const ca = await X509CertificateGenerator.createSelfSigned({
    ...validity(),
    ...{ serialNumber: '01', name: 'CN=test', keys: caKeys, signingAlgorithm: algorithm },
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  });
  let serial = 1;
  const issue = (identity: Pick<Identity, 'role' | 'name'>) =>
    issueCertificate(identity, String(++serial).padStart(2, '0'), {
      subject: ca.subject,
      keys: caKeys,
      pem: ca.toString('pem'),
    });
  return { coordinator: await issue(coordinatorIdentity), issue };
}

async function issueCertificate(
  identity: Pick<Identity, 'role' | 'name'>,
  serialNumber: string,
  ca: { subject: string; keys: webcrypto.CryptoKeyPair; pem: string },
): Promise<TlsIdentity> {
  const keys = await keyPair();
  const certificate = await X509CertificateGenerator.create({
    ...validity(),
    ...{ serialNumber, issuer: ca.subject, subject: `CN=${identity.name}`, publicKey: keys.publicKey },
    ...{ signingKey: ca.keys.privateKey, signingAlgorithm: algorithm },
    extensions: [
      new SubjectAlternativeNameExtension([
        { type: 'dns', value: tlsName(identity) },
        { type: 'url', value: identityUri(identity) },
      ]),
    ],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    caPem: ca.pem,
    certificatePem: certificate.toString('pem'),
    keyPem: PemConverter.encode(key, 'PRIVATE KEY'),
  };
}

async function keyPair(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}

function validity() {
  return { notBefore: new Date(Date.now() - hourMs), notAfter: new Date(Date.now() + hourMs) };
}
