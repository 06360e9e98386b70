import test, { type ExecutionContext } from 'ava';
import { handoverChecks } from '../../../node-agent/commands/handover-checks.ts';
import { openLedger } from '../../../node-agent/workloads/ledger.ts';
import { DroverError } from '../../../proto/index.ts';
import { FakeDocker } from '../../support/fake-docker.ts';
import { aSource } from '../../support/migration-host.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { temporaryDirectory } from '../../support/tls.ts';

const question = { workload: 'web', epoch: 4 };

async function aNode(t: ExecutionContext, checkTarget = async (): Promise<void> => undefined) {
  const directory = await temporaryDirectory(t);
  const [docker, ledger] = [new FakeDocker(directory), await openLedger(directory)];
  await docker.create('web', { Image: 'drover/app', HostConfig: {} });
  Object.assign(docker.containers.get('id-of-web') ?? {}, { running: true, restartPolicy: 'always' });
  await ledger.record('web', { containerId: 'id-of-web', epoch: 4 });
  docker.changes.length = 0;
  const checks = handoverChecks({
    ...{ ledger, checkTarget, engine: docker.engine },
    containerMemory: async () => 1234,
    reasons: async () => ['It uses io_uring.'],
  });
  return { docker, ledger, checks };
}

test('the source says what it would take, and what is against it, without changing anything', async (t) => {
  const { docker, checks } = await aNode(t);
  const source = await checks.source(question);
  t.like(source, { memoryBytes: 1234, containerId: 'id-of-web', image: 'drover/app', imageId: 'sha256:1' });
  t.deepEqual(source.reasons, ['It uses io_uring.']);
  t.false(source.networkFirst);
  t.deepEqual(docker.changes, []);
});

test('the specification carries the container’s own restart policy and the runtime that can restore it', async (t) => {
  const { checks } = await aNode(t);
  const { HostConfig } = JSON.parse((await checks.source(question)).createJson);
  t.is(HostConfig.RestartPolicy.Name, 'always');
  t.is(HostConfig.Runtime, 'drover');
});

test('a question about another epoch, or another workload, is refused', async (t) => {
  const { checks } = await aNode(t);
  for (const epoch of [3, 5]) t.is((await rejectionOf(checks.source({ ...question, epoch }))).code, 'STALE_EPOCH');
  t.is((await rejectionOf(checks.source({ ...question, workload: 'db' }))).code, 'WORKLOAD_NOT_FOUND');
});

test('a container that Docker has lost is said to be gone', async (t) => {
  const { docker, checks } = await aNode(t);
  docker.containers.clear();
  t.is((await rejectionOf(checks.source(question))).code, 'CONTAINER_NOT_FOUND');
});

test('the target’s answer is that of its own check', async (t) => {
  const refused = new DroverError('TARGET_TOO_SMALL', 'Too small.');
  const { checks } = await aNode(t, () => Promise.reject(refused));
  t.is(await rejectionOf(checks.target({ workload: 'web', source: aSource() })), refused);
  t.is((await rejectionOf(checks.target({ workload: 'web', source: undefined }))).code, 'BAD_MESSAGE');
  const fine = await aNode(t);
  await t.notThrowsAsync(fine.checks.target({ workload: 'web', source: aSource() }));
});
