import 'reflect-metadata';
import { KeyObject, X509Certificate as NodeCertificate, randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  type PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import {
  caFingerprintOf,
  coordinatorIdentity,
  type Identity,
  identityUri,
  type TlsIdentity,
  tlsName,
} from '../../proto/index.ts';
import type { Clock } from '../clock.ts';
import { type AuthorityKeys, readAuthority, writeAuthority } from './authority-files.ts';
import { ecdsaP256, readRequestedKey } from './certificate-key.ts';

/** How long certificates live, in milliseconds. */
export interface CertificateLifetimes {
  readonly ca: number;
  readonly coordinator: number;
  readonly node: number;
  readonly admin: number;
  /** How far `notBefore` lies in the past: devices whose clock is a little slow must be able to join. */
  readonly backdated: number;
}

const dayMs = 24 * 60 * 60 * 1000;
export const defaultLifetimes: CertificateLifetimes = {
  ca: 3650 * dayMs,
  coordinator: 90 * dayMs,
  node: 90 * dayMs,
  admin: 365 * dayMs,
  backdated: 5 * 60 * 1000,
};

export interface IssuedCertificate {
  readonly certificatePem: string;
  /** As in `Identity`: SHA-256, colon-separated hex. */
  readonly fingerprint: string;
  readonly expiresAt: Date;
  /** SHA-256 of the public key, base64url. */
  readonly publicKeyHash: string;
}

/** The cluster's own CA. All names in certificates come from the caller, none from a certificate request. */
export interface CertificateAuthority {
  readonly caPem: string;
  /** As join tokens carry it. */
  caFingerprint(): string;
  /** With a fresh key that is never written to disk. */
  issueCoordinator(): Promise<TlsIdentity>;
  /** Rejects INVALID_ARGUMENT when the request is none, or is not signed by its key. */
  issueNode(request: { readonly node: string; readonly csrPem: string }): Promise<IssuedCertificate>;
  issueAdmin(name: string): Promise<TlsIdentity>;
  /** What `issueNode` would give as `publicKeyHash`, and the same refusals, without issuing anything. */
  keyHashOf(csrPem: string): Promise<string>;
}

interface Leaf {
  readonly identity: Pick<Identity, 'role' | 'name'>;
  readonly publicKey: PublicKey | webcrypto.CryptoKey;
  readonly lifetimeMs: number;
}

/** Opens the CA in a data directory; makes it at the first start. Rejects CERTIFICATE_INVALID when it is damaged. */
export async function openCertificateAuthority(options: {
  readonly dataDir: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly lifetimes?: Partial<CertificateLifetimes>;
}): Promise<CertificateAuthority> {
  const { dataDir, clock } = options;
  const lifetimes = { ...defaultLifetimes, ...options.lifetimes };
  const keys = (await readAuthority(dataDir)) ?? (await createAuthority(dataDir, period(lifetimes.ca)));
  const ca = new X509Certificate(keys.certificatePem);

  return {
    caPem: keys.certificatePem,
    caFingerprint: () => caFingerprintOf(new Uint8Array(ca.rawData)),
    issueCoordinator: () => issueWithKey(coordinatorIdentity, lifetimes.coordinator),
    issueAdmin: (name) => issueWithKey({ role: 'admin', name }, lifetimes.admin),
    keyHashOf: async (csrPem) => (await readRequestedKey(csrPem)).hash,

    async issueNode({ node, csrPem }) {
      const { publicKey, hash } = await readRequestedKey(csrPem);
      const certificatePem = await issue({
        identity: { role: 'node', name: node },
        publicKey,
        lifetimeMs: lifetimes.node,
      });
      const { fingerprint256, validTo } = new NodeCertificate(certificatePem);
      return { certificatePem, fingerprint: fingerprint256, expiresAt: new Date(validTo), publicKeyHash: hash };
    },
  };

  async function issueWithKey(identity: Leaf['identity'], lifetimeMs: number): Promise<TlsIdentity> {
    const { publicKey, privateKey } = await generateKeys();
    const certificatePem = await issue({ identity, publicKey, lifetimeMs });
    const keyPem = KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
    return { caPem: keys.certificatePem, certificatePem, keyPem };
  }

  // No certificate outlives the CA that signed it.
  function issue(leaf: Leaf): Promise<string> {
    const { notBefore, notAfter } = period(leaf.lifetimeMs);
    const last = new Date(Math.min(notAfter.getTime(), ca.notAfter.getTime()));
    return signLeaf(leaf, { ca, key: keys.key, notBefore, notAfter: last });
  }

  function period(lifetimeMs: number): { notBefore: Date; notAfter: Date } {
    const now = clock.now().getTime();
    return { notBefore: new Date(now - lifetimes.backdated), notAfter: new Date(now + lifetimeMs) };
  }
}

async function signLeaf(
  { identity, publicKey }: Leaf,
  { ca, key, ...period }: { ca: X509Certificate; key: webcrypto.CryptoKey; notBefore: Date; notAfter: Date },
): Promise<string> {
  const certificate = await X509CertificateGenerator.create({
    ...period,
    serialNumber: randomSerial(),
    issuer: ca.subject,
    subject: `CN=${identity.name}`,
    publicKey,
    signingKey: key,
    signingAlgorithm: ecdsaP256,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(usagesOf(identity)),
      new SubjectAlternativeNameExtension(namesOf(identity)),
      await AuthorityKeyIdentifierExtension.create(ca, false),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

async function createAuthority(dataDir: string, period: { notBefore: Date; notAfter: Date }): Promise<AuthorityKeys> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...period,
    serialNumber: randomSerial(),
    // Two clusters' CAs must not bear one name: OpenSSL would then report a bad signature instead of an unknown issuer.
    name: `CN=Drover CA ${randomBytes(4).toString('hex')}`,
    keys,
    signingAlgorithm: ecdsaP256,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const certificatePem = `${certificate.toString('pem')}\n`;
  await writeAuthority(dataDir, keys.privateKey, certificatePem);
  return { certificatePem, key: keys.privateKey };
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(ecdsaP256, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}

// 127 random bits: positive as DER wants it, and never guessed.
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

// Admins only call; nodes serve checkpoints to each other as well.
function usagesOf({ role }: Leaf['identity']): ExtendedKeyUsage[] {
  return role === 'admin' ? [ExtendedKeyUsage.clientAuth] : [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth];
}

function namesOf(identity: Leaf['identity']): JsonGeneralName[] {
  const uri: JsonGeneralName = { type: 'url', value: identityUri(identity) };
  return identity.role === 'admin' ? [uri] : [{ type: 'dns', value: tlsName(identity) }, uri];
}
