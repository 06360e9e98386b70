import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openCertificateAuthority } from '../../coordinator/security/certificate-authority.ts';
import type { TlsIdentity } from '../../proto/index.ts';
import { type CliAnswer, drover, droverJson, runWorkload } from '../support/cluster.ts';
import { labExec } from '../support/lab.ts';
import { labDirectory } from '../support/lab-processes.ts';
import { goesOnUntouched, lifeOf } from '../support/life.ts';
import { refused } from '../support/refused.ts';
import { runDrover } from '../support/run-drover.ts';

// What somebody without rights would like to move.
let name: string;
let directory: string;

test.before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'drover-rights-'));
  name = await runWorkload('edge-1', [], 'drover/counter');
});
test.after.always(async () => {
  await drover('rm', name);
  await rm(directory, { recursive: true });
});

const dayMs = 24 * 3_600_000;

test.serial('with the certificate of a node instead of an administrator', async (t) => {
  const read = (file: string) => labExec('edge-1', 'cat', `/var/lib/drover/identity/${file}.pem`);
  const [certificatePem, keyPem] = [await read('certificate'), await read('key')];
  await isKeptOut(t, await contextWith({ certificatePem, keyPem }), {
    ...{ status: 3, code: 'PERMISSION_DENIED', says: /Only an admin may make this call, not node edge-1/ },
  });
  const { events } = await droverJson<{ events: { type: string; node: string }[] }>('events', '--since', '1m');
  t.true(events.some(({ type }) => type === 'call.refused'));
});

test.serial('with a certificate of another cluster', async (t) => {
  const { certificatePem, keyPem } = await (await otherAuthority()).issueAdmin('main');
  await isKeptOut(t, await contextWith({ certificatePem, keyPem }), {
    ...{ status: 1, code: 'UNAUTHENTICATED', says: /No valid client certificate/ },
  });
});

test.serial('with the whole context of another cluster, whose CA this coordinator does not have', async (t) => {
  const tls = await (await otherAuthority()).issueAdmin('main');
  await isKeptOut(t, await contextWith(tls), {
    ...{ status: 1, code: 'CA_MISMATCH', says: /does not belong to the cluster of the certificate/ },
  });
});

test.serial('with a certificate that has expired', async (t) => {
  const now = () => new Date(Date.now() - 400 * dayMs);
  const ca = await openCertificateAuthority({ dataDir: `${labDirectory()}/coordinator`, clock: { now } });
  await isKeptOut(t, await contextWith(await ca.issueAdmin('late')), {
    ...{ status: 1, code: 'UNAUTHENTICATED', says: /No valid client certificate: it is missing, expired/ },
  });
});

test.serial('without a context', (t) =>
  isKeptOut(t, join(directory, 'nothing.json'), {
    ...{ status: 6, code: 'CONTEXT_NOT_FOUND', says: /There is no admin context at .*nothing\.json: run drover on/ },
  }),
);

test.serial('with a file that is no context', async (t) => {
  const path = join(directory, 'broken.json');
  await writeFile(path, '{"coordinator":');
  await isKeptOut(t, path, { status: 2, code: 'INVALID_ARGUMENT', says: /is not an admin context/ });
});

test.serial('with a context of a coordinator that is not there', async (t) => {
  const path = await contextWith({ coordinator: '127.0.0.1:1' });
  await isKeptOut(t, path, {
    status: 1,
    code: 'COORDINATOR_UNREACHABLE',
    says: /at 127\.0\.0\.1:1: connect ECONNREFUSED \S+\.$/,
  });
});

async function isKeptOut(
  t: ExecutionContext,
  context: string,
  refusal: { status: number; code: string; says: RegExp },
): Promise<void> {
  const before = await lifeOf('edge-1', name);
  const run = async (...args: string[]): Promise<CliAnswer> => {
    const { status, ...output } = await runDrover(args, { env: { DROVER_CONTEXT: context } });
    return { status: status ?? -1, ...output };
  };
  await refused(t, ['migrate', name, '--to', 'edge-2'], refusal, run);
  await refused(t, ['rm', name], refusal, run);
  await refused(t, ['token', 'create'], refusal, run);
  await goesOnUntouched(t, { node: 'edge-1', name }, before);
}

// The lab's own context with some parts changed, in a file.
async function contextWith(changes: Partial<TlsIdentity & { coordinator: string }>): Promise<string> {
  const own = JSON.parse(await readFile(`${labDirectory()}/coordinator/admin-context.json`, 'utf8')) as object;
  const { caPem, certificatePem, keyPem, coordinator } = changes;
  const parts = { ca_pem: caPem, certificate_pem: certificatePem, key_pem: keyPem, coordinator };
  const path = join(directory, 'context.json');
  await writeFile(path, JSON.stringify({ ...own, ...JSON.parse(JSON.stringify(parts)) }), { mode: 0o600 });
  return path;
}

async function otherAuthority() {
  return openCertificateAuthority({ dataDir: join(directory, 'other'), clock: { now: () => new Date() } });
}
