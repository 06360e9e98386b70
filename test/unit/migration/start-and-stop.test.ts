import test from 'ava';
import { createWorkloadRegistry } from '../../../coordinator/workloads/registry.ts';
import { gate } from '../../support/gate.ts';
import { migrationHost } from '../../support/migration-host.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { turns } from '../../support/turns.ts';

const forever = () => new Promise<never>(() => undefined);

test('of two migrations of one workload that start at once, the second is refused', async (t) => {
  const host = await migrationHost(t);
  const started = await Promise.allSettled([host.start(), host.start({ to: 'edge-3' })]);
  t.deepEqual(
    started.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
  const [first, second] = started;
  if (first?.status !== 'fulfilled' || second?.status !== 'rejected') return t.fail();
  t.is(second.reason.code, 'WORKLOAD_BUSY');
  t.is(second.reason.details.migration, first.value.id);
  t.is((await host.ended(first.value.id)).outcome, 'committed');
  t.is((await host.engine.list({ limit: 10 })).length, 1);
  t.false(host.agents.orders().includes('edge-3 prepareTarget'));
});

test('a start whose record cannot be written leaves the workload free and gives no orders', async (t) => {
  const host = await migrationHost(t);
  const { transact } = host.store;
  host.store.transact = async (transaction) => {
    const [operation] = transaction.then;
    if (operation && 'put' in operation && operation.put.startsWith('migrations/')) throw new Error('disk full');
    return transact(transaction);
  };
  await t.throwsAsync(host.start(), { message: 'disk full' });
  t.is(host.workloads.get('web')?.migrationId, undefined);
  t.deepEqual(host.agents.orders(), ['edge-1 checkSource', 'edge-2 checkTarget']);
});

test('the list shows the newest first, of one workload if so asked, and no more than asked', async (t) => {
  const host = await migrationHost(t);
  await host.workloads.create({ name: 'db', node: 'edge-1', containerId: 'c-db', epoch: 1, image: 'i' });
  host.agents.answers.prepareTarget = () => Promise.reject(new Error('no'));
  for (const workload of ['web', 'db', 'web']) {
    await host.ended((await host.start({ workload })).id);
    host.clock.advance(1000);
  }
  const listed = async (filter: { workload?: string; limit: number }) =>
    (await host.engine.list(filter)).map(({ workload, startedAt }) => [workload, startedAt?.getUTCSeconds()]);
  const all = [
    ['web', 2],
    ['db', 1],
    ['web', 0],
  ];
  t.deepEqual(await listed({ limit: 10 }), all);
  t.deepEqual(await listed({ workload: 'web', limit: 10 }), [all[0], all[2]]);
  t.deepEqual(await listed({ limit: 1 }), [all[0]]);
});

test('several workloads move at the same time', async (t) => {
  const host = await migrationHost(t);
  const names = ['w1', 'w2', 'w3'];
  for (const name of names) {
    await host.workloads.create({ name, node: 'edge-1', containerId: `c-${name}`, epoch: 4, image: 'i' });
  }
  const all = await Promise.all(names.map((workload) => host.start({ workload })));
  for (const { id } of all) t.is((await host.ended(id)).outcome, 'committed');
  for (const name of names) t.is(host.workloads.get(name)?.node, 'edge-2');
});

test('a stopping coordinator takes no new migrations', async (t) => {
  const host = await migrationHost(t);
  await host.engine.stop(100);
  t.is((await rejectionOf(host.start())).code, 'SHUTTING_DOWN');
});

test('a migration that is about to begin when the coordinator stops does not begin', async (t) => {
  const host = await migrationHost(t);
  const checked = gate<object>();
  host.agents.answers.checkTarget = () => checked.promise;
  const start = rejectionOf(host.start());
  await host.sent('edge-2 checkTarget');
  await host.engine.stop(100);
  checked.open({});
  t.is((await start).code, 'SHUTTING_DOWN');
  const stored = await createWorkloadRegistry({ store: host.store });
  t.is(stored.get('web')?.migrationId, undefined);
});

test('a stopping coordinator lets a migration end that is quick', async (t) => {
  const host = await migrationHost(t);
  const { id } = await host.start();
  await host.engine.stop(5000);
  t.is((await host.stored(id))?.phase, 'committed');
});

test('a stopping coordinator calls off what takes too long, and waits until that is done', async (t) => {
  const host = await migrationHost(t);
  host.agents.answers.freezeSource = forever;
  const { id } = await host.start();
  await host.sent('edge-1 freezeSource');
  const began = performance.now();
  await host.engine.stop(500);
  t.true(performance.now() - began < 1000);
  t.like(await host.stored(id), { phase: 'rolled_back', failure: { code: 'SHUTTING_DOWN' } });
});

test('a stopping coordinator leaves what cannot be called off to the next one, within its time', async (t) => {
  const host = await migrationHost(t);
  host.agents.answers.resumeTarget = forever;
  const { id } = await host.start();
  await host.sent('edge-2 resumeTarget');
  const began = performance.now();
  await host.engine.stop(100);
  t.true(performance.now() - began < 1000);
  t.is((await host.stored(id))?.phase, 'resuming');
  host.agents.answers.resumeTarget = () => ({ containerId: 'c-new' });
  await host.restart();
  t.is((await host.ended(id)).outcome, 'committed');
});

test('a stopping coordinator does not wait for a node that is gone', async (t) => {
  const host = await migrationHost(t);
  host.agents.answers.freezeSource = () => {
    host.agents.disconnect('edge-1');
    throw new Error('lost');
  };
  const { id } = await host.start();
  await host.sent('edge-1 freezeSource');
  await turns();
  await host.engine.stop(50);
  t.is((await host.stored(id))?.phase, 'aborting');
  t.true((await host.stored(id))?.failure !== undefined);
});

test('a watch ends with the coordinator', async (t) => {
  const host = await migrationHost(t);
  host.agents.answers.resumeTarget = forever;
  const { id } = await host.start();
  await host.sent('edge-2 resumeTarget');
  const phases: string[] = [];
  const watched = (async () => {
    for await (const { phase } of host.engine.watch(id, new AbortController().signal)) phases.push(phase);
  })();
  await host.engine.stop(20);
  await watched;
  t.deepEqual(phases, ['resuming']);
});
