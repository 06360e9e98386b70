import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { DroverError, type ErrorCode } from '../../../proto/index.ts';
import { readFiles } from '../../support/checkpoint-files.ts';
import { installFakeCriu } from '../../support/fake-criu.ts';
import type { HandoverHost } from '../../support/handover-host.ts';
import { canMakeCgroups } from '../../support/own-cgroup.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { order, prepareOrder, sourceHost } from '../../support/source-host.ts';
import { untilTrue } from '../../support/until-true.ts';

// A real process is frozen in a real cgroup, which takes root.
const rootTest = canMakeCgroups ? test : test.skip;

const programs = await mkdtemp(join(tmpdir(), 'drover-test-'));
await installFakeCriu(programs);
test.after.always(() => rm(programs, { recursive: true, force: true }));

const never = new AbortController().signal;

// Until CRIU is at work on a container that it dumps slowly.
async function dumping({ paths }: HandoverHost): Promise<void> {
  const marker = join(paths.run, 'dump/m-1/dumping');
  await untilTrue(async () => existsSync(marker), 'CRIU dumps');
}

rootTest('a source prepares while the container runs, freezes, and is released', async (t) => {
  const { host, process, policy, gone } = await sourceHost(t);
  await host.source.prepare(prepareOrder);
  await process.counting();
  t.is(policy(), 'no');
  const dumped = await host.source.freeze(order, never);
  t.is(dumped.bytesTotal, 700_005);
  t.true(dumped.dumpMs > 0);
  t.true(await process.standing());
  const { frozenMs } = await host.source.release(order);
  t.true(frozenMs >= 60);
  await gone();
  t.is(host.ledger.highestEpoch('web'), 4);
  await host.source.idle();
});

rootTest('the target gets the images and the changed files, and nobody gets anything after the release', async (t) => {
  const { host, directory } = await sourceHost(t);
  await writeFile(join(directory, 'upper/changed'), 'by the container');
  await host.source.prepare(prepareOrder);
  const fetched = await host.peer.fetch();
  await host.source.freeze(order, never);
  await fetched.result;
  t.deepEqual(Object.keys(await readFiles(fetched.directory)), [
    ...['images/core-1.img', 'images/pages-1.img', 'layer/deleted.files', 'layer/rootfs-diff.tar'],
  ]);
  await host.source.release(order);
  const late = await host.peer.fetch();
  t.is((await rejectionOf(late.result)).code, 'PERMISSION_DENIED');
});

rootTest('a source that is thawed goes on as if nothing had been', async (t) => {
  const source = await sourceHost(t);
  await source.host.source.prepare(prepareOrder);
  await source.host.source.freeze(order, never);
  t.true(await source.process.standing());
  await source.host.source.thaw(order);
  await source.untouched();
  await source.host.source.idle();
});

rootTest('a source that was only prepared is thawed, too', async (t) => {
  const source = await sourceHost(t);
  await source.host.source.prepare(prepareOrder);
  await source.host.source.thaw(order);
  await source.untouched();
});

for (const behaviour of ['fails-at-once', 'fails-dumping']) {
  rootTest(`when the dump fails the tasks go on, and the failure is told: ${behaviour}`, async (t) => {
    const source = await sourceHost(t);
    await source.host.source.prepare(prepareOrder);
    await source.behaviour(behaviour);
    t.is((await rejectionOf(source.host.source.freeze(order, never))).code, 'CHECKPOINT_FAILED');
    await source.untouched();
  });
}

rootTest('a freeze that is called off ends, and the tasks go on', async (t) => {
  const source = await sourceHost(t);
  await source.host.source.prepare(prepareOrder);
  await source.behaviour('slow');
  const abort = new AbortController();
  const freezing = rejectionOf(source.host.source.freeze(order, abort.signal));
  await dumping(source.host);
  abort.abort(new DroverError('TIMEOUT', 'It took too long.'));
  t.is((await freezing).code, 'TIMEOUT');
  await source.untouched();
});

for (const moment of ['before runc has started', 'while CRIU dumps']) {
  rootTest(`a thaw that comes ${moment} wins, and the tasks go on`, async (t) => {
    const source = await sourceHost(t);
    const { host } = source;
    await host.source.prepare(prepareOrder);
    if (moment === 'while CRIU dumps') await source.behaviour('slow');
    const freezing = rejectionOf(host.source.freeze(order, never));
    if (moment === 'while CRIU dumps') await dumping(host);
    await host.source.thaw(order);
    t.is((await freezing).code, 'CANCELLED');
    await source.untouched();
  });
}

for (const [title, code, given] of [
  ['does not hold the workload', 'WORKLOAD_NOT_FOUND', ({ ledger }) => ledger.forget('web')],
  ['has lost the container', 'CONTAINER_NOT_FOUND', ({ docker }) => docker.containers.clear()],
  [
    'has a container that does not run',
    'WORKLOAD_NOT_RUNNING',
    ({ docker }) => Object.assign(docker.containers.get('id-of-web') ?? {}, { running: false }),
  ],
  [
    'runs it under a runtime that is not runc',
    'CONTAINER_NOT_FOUND',
    ({ paths }) => rm(paths.dockerRuntimes, { recursive: true }),
  ],
] satisfies [string, ErrorCode, (host: HandoverHost) => unknown][]) {
  rootTest(`a source that ${title} refuses, and nothing is changed`, async (t) => {
    const { host } = await sourceHost(t);
    await given(host);
    t.is((await rejectionOf(host.source.prepare(prepareOrder))).code, code);
    t.deepEqual(host.docker.changes, []);
    t.deepEqual(await host.traces(), []);
  });
}

rootTest('an order of an epoch that is not newer than what it holds is refused', async (t) => {
  const { host } = await sourceHost(t);
  for (const epoch of [3, 4]) {
    t.is((await rejectionOf(host.source.prepare({ ...prepareOrder, epoch }))).code, 'STALE_EPOCH');
  }
  t.deepEqual(host.docker.changes, []);
});

rootTest('what was not prepared cannot be frozen', async (t) => {
  const source = await sourceHost(t);
  t.is((await rejectionOf(source.host.source.freeze(order, never))).code, 'MIGRATION_NOT_FOUND');
  await source.untouched();
});

rootTest('the first verdict wins, even if it is not through', async (t) => {
  const { host, gone } = await sourceHost(t);
  await host.source.prepare(prepareOrder);
  await host.source.freeze(order, never);
  host.docker.failing.set('remove', 'DOCKER_FAILED');
  t.is((await rejectionOf(host.source.release(order))).code, 'DOCKER_FAILED');
  t.is((await rejectionOf(host.source.thaw(order))).code, 'TOO_LATE');
  host.docker.failing.clear();
  await host.source.release(order);
  await gone();
});

rootTest('a thaw that is not through keeps the release out', async (t) => {
  const source = await sourceHost(t);
  const { host } = source;
  await host.source.prepare(prepareOrder);
  await host.source.freeze(order, never);
  host.docker.failing.set('policy', 'DOCKER_FAILED');
  t.is((await rejectionOf(host.source.thaw(order))).code, 'DOCKER_FAILED');
  t.is((await rejectionOf(host.source.release(order))).code, 'TOO_LATE');
  host.docker.failing.clear();
  await host.source.thaw(order);
  await source.untouched();
});

rootTest('repeating a verdict does no harm, even when all is over', async (t) => {
  const source = await sourceHost(t);
  const { host } = source;
  await host.source.prepare(prepareOrder);
  for (let n = 0; n < 2; n++) await host.source.thaw(order);
  await source.untouched();
  t.deepEqual(await host.source.release(order), { frozenMs: 0 });
  await source.untouched();
});
