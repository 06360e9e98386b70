import test, { type ExecutionContext } from 'ava';
import { DroverError, type ErrorCode } from '../../../proto/index.ts';
import { chunksOf, someBytes } from '../../support/checkpoint-files.ts';
import { aPrepareTarget, type HandoverHost, handoverHost } from '../../support/handover-host.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { anOffer, itemsOf } from '../../support/transfer-host.ts';
import { until } from '../../support/until.ts';

const order = { migrationId: 'm-1' };
const never = new AbortController().signal;
const files = { 'images/core-1.img': someBytes(100), 'images/pages-1.img': someBytes(5000) };

// A target that waits for its checkpoint.
async function prepared(t: ExecutionContext, timeouts = {}) {
  const host = await handoverHost(t, timeouts);
  host.peer.offers.make(anOffer);
  await host.target.prepare(aPrepareTarget(host), never);
  return host;
}

async function restored(t: ExecutionContext) {
  const host = await prepared(t);
  host.peer.offers.open('m-1', itemsOf(files).items);
  await until(() => host.news().includes('restored'));
  return host;
}

async function nothingIsLeft(t: ExecutionContext, host: HandoverHost): Promise<void> {
  t.deepEqual(await host.traces(), []);
  t.deepEqual([...host.docker.containers.keys()], []);
  t.false(host.target.holds('id-of-web'));
  t.deepEqual(host.ledger.list(), []);
}

test('a target prepares, receives, restores, runs and finishes', async (t) => {
  const host = await prepared(t);
  t.true(host.target.holds('id-of-web'));
  t.deepEqual(host.docker.containers.get('id-of-web')?.body.HostConfig.RestartPolicy, {
    Name: 'no',
    MaximumRetryCount: 0,
  });
  host.peer.offers.open('m-1', itemsOf(files).items);
  await until(() => host.news().includes('restored'));
  t.deepEqual(
    host.news().filter((word) => word !== 'progress'),
    ['received', 'restored'],
  );
  t.false(host.docker.containers.get('id-of-web')?.running);
  t.deepEqual(await host.target.run(order), { containerId: 'id-of-web' });
  t.deepEqual(host.ledger.get('web'), { workload: 'web', containerId: 'id-of-web', epoch: 5 });
  await host.target.finish(order);
  t.true(host.docker.containers.get('id-of-web')?.running);
  t.is(host.docker.containers.get('id-of-web')?.restartPolicy, 'always');
  t.deepEqual(await host.traces(), []);
  await host.target.idle();
});

test('repeating the verdict does no harm, even when all is over', async (t) => {
  const host = await restored(t);
  await host.target.run(order);
  t.deepEqual(await host.target.run(order), { containerId: 'id-of-web' });
  for (let n = 0; n < 2; n++) await host.target.finish(order);
  const before = [...host.docker.changes];
  t.deepEqual(await host.target.run(order), { containerId: '' });
  await host.target.discard(order);
  t.deepEqual(host.docker.changes, before);
});

for (const [title, make] of [
  ['waits', prepared],
  ['has restored', restored],
] as const) {
  test(`a target that ${title} can be discarded, and leaves nothing`, async (t) => {
    const host = await make(t);
    await host.target.discard(order);
    await nothingIsLeft(t, host);
    await host.target.discard(order);
    await nothingIsLeft(t, host);
    await host.target.idle();
  });
}

test('the first verdict wins: after "run" a discard comes too late', async (t) => {
  const host = await restored(t);
  await host.target.run(order);
  t.is((await rejectionOf(host.target.discard(order))).code, 'TOO_LATE');
  await host.target.finish(order);
  t.true(host.docker.containers.get('id-of-web')?.running);
});

test('the first verdict wins: after "discard" a run comes too late, even if the discard is not through', async (t) => {
  const host = await restored(t);
  host.docker.failing.set('remove', 'DOCKER_FAILED');
  t.is((await rejectionOf(host.target.discard(order))).code, 'DOCKER_FAILED');
  t.is((await rejectionOf(host.target.run(order))).code, 'TOO_LATE');
  t.is((await rejectionOf(host.target.finish(order))).code, 'TOO_LATE');
  host.docker.failing.clear();
  await host.target.discard(order);
  await nothingIsLeft(t, host);
});

for (const [title, code, given] of [
  [
    'the image is not to be had',
    'PERMISSION_DENIED',
    ({ docker, peer }) => {
      docker.images.clear();
      peer.offers.withdraw('m-1');
    },
  ],
  ['the container cannot be made', 'DOCKER_FAILED', ({ docker }) => docker.failing.set('create', 'DOCKER_FAILED')],
  [
    'Docker does not say where its files are',
    'DOCKER_FAILED',
    ({ docker }) => docker.failing.set('inspect', 'DOCKER_FAILED'),
  ],
  ['Docker does not start it', 'DOCKER_FAILED', ({ docker }) => docker.failing.set('start', 'DOCKER_FAILED')],
] satisfies [string, ErrorCode, (host: HandoverHost) => unknown][]) {
  test(`nothing is left when ${title}`, async (t) => {
    const host = await handoverHost(t);
    host.peer.offers.make(anOffer);
    given(host);
    t.is((await rejectionOf(host.target.prepare(aPrepareTarget(host), never))).code, code);
    await nothingIsLeft(t, host);
  });
}

test('a name that is taken is refused, and what has it is left alone', async (t) => {
  const host = await handoverHost(t);
  await host.docker.create('web', { Image: 'other', HostConfig: {} });
  t.is((await rejectionOf(host.target.prepare(aPrepareTarget(host), never))).code, 'WORKLOAD_EXISTS');
  t.deepEqual([...host.docker.containers.keys()], ['id-of-web']);
  t.deepEqual(host.docker.changes, ['create web', 'create web']);
});

test('an order of an epoch that this node has seen is refused before anything is done', async (t) => {
  const host = await handoverHost(t);
  await host.ledger.record('web', { containerId: 'c', epoch: 5 });
  for (const epoch of [4, 5]) {
    t.is((await rejectionOf(host.target.prepare(aPrepareTarget(host, { epoch }), never))).code, 'STALE_EPOCH');
  }
  t.deepEqual(host.docker.changes, []);
});

test('a preparation that takes too long, or is called off, leaves nothing', async (t) => {
  const host = await handoverHost(t);
  const abort = new AbortController();
  const preparing = rejectionOf(host.target.prepare(aPrepareTarget(host), abort.signal));
  await until(() => host.docker.changes.includes('start id-of-web'));
  abort.abort(new DroverError('TIMEOUT', 'It took too long.'));
  t.is((await preparing).code, 'TIMEOUT');
  await nothingIsLeft(t, host);
});

test('a discard that comes during the preparation ends it, and leaves nothing', async (t) => {
  const host = await handoverHost(t);
  const preparing = rejectionOf(host.target.prepare(aPrepareTarget(host), never));
  await until(() => host.docker.changes.includes('create web'));
  await host.target.discard(order);
  t.is((await preparing).code, 'CANCELLED');
  await nothingIsLeft(t, host);
});

test('a missing image is fetched from the source', async (t) => {
  const host = await handoverHost(t);
  host.docker.images.clear();
  host.peer.offers.make({ ...anOffer, image: 'drover/app', imageId: 'sha256:1' });
  await host.target.prepare(aPrepareTarget(host), never);
  t.true(host.docker.images.has('sha256:1'));
  await host.target.discard(order);
});

test('a checkpoint that was altered is told, and not a byte of it is restored', async (t) => {
  const host = await prepared(t);
  const [chunk] = chunksOf('images/core-1.img', someBytes(100));
  host.peer.offers.open(
    'm-1',
    (async function* () {
      if (chunk) yield { chunk: { ...chunk, data: someBytes(100) } };
    })(),
  );
  await until(() => host.news().includes('failed CHUNK_CORRUPT'));
  t.false(host.news().includes('received'));
  await host.target.discard(order);
  await nothingIsLeft(t, host);
});

test('a restore that fails is told', async (t) => {
  const host = await handoverHost(t);
  host.peer.offers.make(anOffer);
  host.restoreAs('fails-early');
  await host.target.prepare(aPrepareTarget(host), never);
  host.peer.offers.open('m-1', itemsOf(files).items);
  await until(() => host.news().includes('failed RESTORE_FAILED'));
  await host.target.discard(order);
  await nothingIsLeft(t, host);
});
