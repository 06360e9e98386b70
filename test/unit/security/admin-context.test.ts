import { X509Certificate } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import {
  adminContextPath,
  adminContextSchema,
  writeAdminContext,
} from '../../../coordinator/security/admin-context.ts';
import { openCertificateAuthority } from '../../../coordinator/security/certificate-authority.ts';
import { shiftedClock, temporaryDirectory } from '../../support/tls.ts';

const coordinator = '127.0.0.1:7400';
const dayMs = 24 * 3_600_000;

test('the context leads to the coordinator, and only its owner can read it', async (t) => {
  const { ca, write, read, path } = await anAuthority(t);
  t.true(await write());
  const context = await read();
  t.like(context, { coordinator, ca_pem: ca.caPem });
  t.is(new X509Certificate(context.certificate_pem).subjectAltName, 'URI:drover://admin/main');
  t.is((await stat(path)).mode & 0o777, 0o600);
});

test('a context that still serves is left alone', async (t) => {
  const { write, clock } = await anAuthority(t);
  await write();
  clock.shiftMs = 240 * dayMs;
  t.false(await write());
});

test('another address, a third of the life left, another CA or damage make a new one', async (t) => {
  const { write, clock, path } = await anAuthority(t);
  await write();
  t.true(await write({ coordinator: '10.0.0.1:7400' }));
  t.true(await write());
  clock.shiftMs = 250 * dayMs;
  t.true(await write());
  t.true(await write({ ca: (await anAuthority(t)).ca }));
  await writeFile(path, '{');
  t.true(await write());
});

async function anAuthority(t: ExecutionContext) {
  const [dataDir, clock] = [await temporaryDirectory(t), shiftedClock()];
  const ca = await openCertificateAuthority({ dataDir, clock });
  const path = adminContextPath(dataDir);
  return {
    ...{ ca, clock, path },
    write: (changes: object = {}) => writeAdminContext({ dataDir, coordinator, ca, clock, ...changes }),
    read: async () => adminContextSchema.parse(JSON.parse(await readFile(path, 'utf8'))),
  };
}
