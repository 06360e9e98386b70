import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openCertificateAuthority } from '../../../coordinator/security/certificate-authority.ts';
import { identityFiles, type NodeIdentity } from '../../../node-agent/identity/identity-files.ts';
import { newNodeKey } from '../../../node-agent/identity/node-key.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { issuedIdentity, shiftedClock, temporaryDirectory } from '../../support/tls.ts';

test('an identity is read back as it was saved, and only its owner can read it', async (t) => {
  const { dataDir, files, identity } = await aSavedIdentity(t);
  t.deepEqual(await files.load(), identity);
  t.is((await stat(join(dataDir, 'identity'))).mode & 0o777, 0o700);
  for (const file of ['key.pem', 'certificate.pem', 'ca.pem', 'node.json']) {
    t.is((await stat(join(dataDir, 'identity', file))).mode & 0o777, 0o600);
  }
});

test('a device that has not joined has none', async (t) => {
  t.is(await identityFiles(await temporaryDirectory(t)).load(), undefined);
});

test('the key to join with stays the same until the device has joined', async (t) => {
  const { files, identity } = await aSavedIdentity(t);
  const key = await files.pendingKey();
  t.is(await files.pendingKey(), key);
  await files.save(identity);
  t.not(await files.pendingKey(), key);
});

test('a crash between the two renames of a replacement loses nothing', async (t) => {
  const { dataDir, files, identity } = await aSavedIdentity(t);
  const directory = join(dataDir, 'identity');
  await rename(directory, `${directory}.next`);
  t.deepEqual(await files.load(), identity);
});

for (const [damage, harm] of [
  ['a key that is not the certificate’s', async (at: string) => writeFile(join(at, 'key.pem'), await newNodeKey())],
  ['no certificate', (at: string) => rm(join(at, 'certificate.pem'))],
  [
    'the name of another node',
    (at: string) => writeFile(join(at, 'node.json'), '{"node":"edge-2","coordinator":"c:1"}'),
  ],
  ['torn facts', (at: string) => writeFile(join(at, 'node.json'), '{"node":')],
] as const) {
  test(`an identity with ${damage} is refused with what to do`, async (t) => {
    const { dataDir, files } = await aSavedIdentity(t);
    await harm(join(dataDir, 'identity'));
    const error = await rejectionOf(files.load());
    t.is(error.code, 'CERTIFICATE_INVALID');
    t.regex(error.message, /identity is damaged; delete the directory and join again with a new token/);
  });
}

async function aSavedIdentity(t: ExecutionContext) {
  const [dataDir, caDir] = [await temporaryDirectory(t), await temporaryDirectory(t)];
  await openCertificateAuthority({ dataDir: caDir, clock: shiftedClock() });
  const tls = await issuedIdentity(caDir, 'edge-1');
  const identity: NodeIdentity = { node: 'edge-1', coordinator: '127.0.0.1:7400', tls };
  const files = identityFiles(dataDir);
  await files.save(identity);
  return { dataDir, files, identity };
}
