import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { openCertificateAuthority } from '../../../coordinator/security/certificate-authority.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { shiftedClock, temporaryDirectory } from '../../support/tls.ts';

const clock = shiftedClock();
const dayMs = 24 * 3_600_000;

test('the CA is made once, and its key is readable by its owner only', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const first = await openCertificateAuthority({ dataDir, clock });
  const second = await openCertificateAuthority({ dataDir, clock });
  t.is(second.caPem, first.caPem);
  t.is(second.caFingerprint(), first.caFingerprint());
  t.regex(first.caFingerprint(), /^[\w-]{43}$/);
  t.is((await stat(join(dataDir, 'ca'))).mode & 0o777, 0o700);
  for (const file of ['key.pem', 'certificate.pem']) t.is((await stat(join(dataDir, 'ca', file))).mode & 0o777, 0o600);
  t.deepEqual(await readdir(dataDir), ['ca']);
});

test("the coordinator's certificate names it, is backdated five minutes and lives for ninety days", async (t) => {
  const ca = await openCertificateAuthority({ dataDir: await temporaryDirectory(t), clock });
  const tls = await ca.issueCoordinator();
  const certificate = new X509Certificate(tls.certificatePem);
  t.true(certificate.verify(new X509Certificate(ca.caPem).publicKey));
  t.true(certificate.checkPrivateKey(createPrivateKey(tls.keyPem)));
  t.is(certificate.subjectAltName, 'DNS:main.coordinator.drover.internal, URI:drover://coordinator/main');
  t.false(certificate.ca);
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  t.is(to - from, 90 * dayMs + 5 * 60_000);
  t.true(Math.abs(Date.now() - 5 * 60_000 - from) < 10_000);
});

test('an admin certificate is for clients only, and no serial number comes twice', async (t) => {
  const ca = await openCertificateAuthority({ dataDir: await temporaryDirectory(t), clock });
  const issued = [await ca.issueAdmin('main'), await ca.issueAdmin('main')];
  const [first, second] = issued.map(({ certificatePem }) => new X509Certificate(certificatePem));
  t.is(first?.subjectAltName, 'URI:drover://admin/main');
  t.deepEqual(first?.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  t.not(first?.serialNumber, second?.serialNumber);
});

test('no certificate outlives the CA', async (t) => {
  const lifetimes = { ca: 30 * dayMs };
  const ca = await openCertificateAuthority({ dataDir: await temporaryDirectory(t), clock, lifetimes });
  const { certificatePem } = await ca.issueCoordinator();
  t.is(new X509Certificate(certificatePem).validTo, new X509Certificate(ca.caPem).validTo);
});

for (const [damage, harm] of [
  ['without its key', (directory: string) => rm(join(directory, 'key.pem'))],
  ['with the key of another', (directory: string) => foreignKey(directory)],
  ['with a torn certificate', (directory: string) => writeFile(join(directory, 'certificate.pem'), '-----BEGIN')],
] as const) {
  test(`a CA ${damage} is refused, never made anew`, async (t) => {
    const dataDir = await temporaryDirectory(t);
    await openCertificateAuthority({ dataDir, clock });
    await harm(join(dataDir, 'ca'));
    const error = await rejectionOf(openCertificateAuthority({ dataDir, clock }));
    t.is(error.code, 'CERTIFICATE_INVALID');
    t.regex(error.message, /ca cannot be used \(.+\); put it back from a copy/);
  });
}

async function foreignKey(directory: string): Promise<void> {
  const { newNodeKey } = await import('../../../node-agent/identity/node-key.ts');
  await writeFile(join(directory, 'key.pem'), await newNodeKey());
}
