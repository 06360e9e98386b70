import test from 'ava';
import type { Phase } from '../../../coordinator/migration/phases.ts';
import type { CommandKind } from '../../support/fake-agents.ts';
import { migrationHost, received, restored } from '../../support/migration-host.ts';
import { turns } from '../../support/turns.ts';

type Host = Awaited<ReturnType<typeof migrationHost>>;
const forever = () => new Promise<never>(() => undefined);
const rollback = ['edge-1 thawSource', 'edge-2 discardTarget'];
const atHome = { name: 'web', node: 'edge-1', containerId: 'c-old', epoch: 4, image: 'i' };
const moved = { name: 'web', node: 'edge-2', containerId: 'c-new', epoch: 5, image: 'i' };

// Starts a migration, blocks it at this command of this process, and lets the next process have its answer.
async function restartWhile(host: Host, kind: CommandKind, order: string) {
  const answer = host.agents.answers[kind];
  host.agents.answers[kind] = forever;
  const { id } = await host.start();
  await host.sent(order);
  Object.assign(host.agents.answers, { [kind]: answer });
  host.agents.sent.length = 0;
  await host.restart();
  return id;
}

for (const [phase, kind, order] of [
  ['preparing', 'prepareSource', 'edge-1 prepareSource'],
  ['preparing', 'prepareTarget', 'edge-2 prepareTarget'],
  ['freezing', 'freezeSource', 'edge-1 freezeSource'],
] as const) {
  test(`a coordinator that restarts during ${kind} rolls back`, async (t) => {
    const host = await migrationHost(t);
    const id = await restartWhile(host, kind, order);
    const migration = await host.ended(id);
    t.like(migration, { outcome: 'rolled_back', failure: { code: 'COORDINATOR_RESTARTED' } });
    t.is((await host.stored(id))?.phases.at(-1)?.phase, 'aborting', phase);
    t.deepEqual(host.agents.orders(), rollback);
    t.deepEqual(host.workloads.get('web'), atHome);
  });
}

for (const [phase, news] of [
  ['transferring', []],
  ['restoring', [received]],
] as const) {
  test(`a coordinator that restarts while a migration is ${phase} rolls back, whatever news comes then`, async (t) => {
    const host = await migrationHost(t);
    host.agents.answers.freezeSource = () => ({ dumped: { bytesTotal: 1, dumpMs: 1 } });
    const migration = await host.start();
    await host.sent('edge-1 freezeSource');
    for (const body of news) host.news(migration, body);
    await turns();
    t.is((await host.stored(migration.id))?.phase, phase);
    await host.restart();
    for (const body of [received, restored]) host.news(migration, body);
    t.is((await host.ended(migration.id)).outcome, 'rolled_back');
    t.false(host.agents.orders().includes('edge-2 resumeTarget'));
  });
}

for (const [kind, order] of [
  ['resumeTarget', 'edge-2 resumeTarget'],
  ['releaseSource', 'edge-1 releaseSource'],
  ['finishTarget', 'edge-2 finishTarget'],
] as const) {
  test(`a coordinator that restarts during ${kind} commits`, async (t) => {
    const host = await migrationHost(t);
    const id = await restartWhile(host, kind, order);
    t.like(await host.ended(id), { outcome: 'committed', failure: undefined });
    t.deepEqual(host.agents.orders(), ['edge-2 resumeTarget', 'edge-1 releaseSource', 'edge-2 finishTarget']);
    t.deepEqual(host.workloads.get('web'), moved);
  });
}

for (const [kind, order] of [
  ['thawSource', 'edge-1 thawSource'],
  ['discardTarget', 'edge-2 discardTarget'],
] as const) {
  test(`a coordinator that restarts during ${kind} goes on rolling back, for the first reason`, async (t) => {
    const host = await migrationHost(t);
    host.agents.answers.prepareTarget = () => {
      throw new Error('no room');
    };
    const id = await restartWhile(host, kind, order);
    t.like(await host.ended(id), { outcome: 'rolled_back', failure: { message: 'no room' } });
    t.deepEqual(host.agents.orders(), rollback);
    t.deepEqual(host.workloads.get('web'), atHome);
  });
}

// Ends the process as soon as it tries to write the record of this workload or migration.
async function cutOffAt(host: Host, record: string, matches: RegExp): Promise<string | undefined> {
  const { transact } = host.store;
  let cut = false;
  host.store.transact = async (transaction) => {
    const [operation] = transaction.then;
    const hit = operation && 'put' in operation && operation.put.startsWith(record) && matches.test(operation.value);
    cut ||= hit === true;
    if (cut) throw new Error('power cut');
    return transact(transaction);
  };
  const id = await host.start().then(
    (migration) => migration.id,
    () => undefined,
  );
  while (!cut) await turns(1);
  host.store.transact = transact;
  await host.restart();
  return id;
}

test('a workload that was marked for a migration that never began is free after a restart', async (t) => {
  const host = await migrationHost(t);
  t.is(await cutOffAt(host, 'migrations/', /preparing/), undefined);
  t.deepEqual(host.workloads.get('web'), atHome);
  t.is((await host.ended((await host.start()).id)).outcome, 'committed');
});

for (const [outcome, place] of [
  ['committed', moved],
  ['rolled_back', atHome],
] as const) {
  test(`a workload that is still marked although its migration is ${outcome} is settled after a restart`, async (t) => {
    const host = await migrationHost(t);
    if (outcome === 'rolled_back') host.agents.answers.freezeSource = () => Promise.reject(new Error('no'));
    const id = (await cutOffAt(host, 'workloads/', /^(?!.*migrationId)/)) ?? '';
    t.is((await host.ended(id)).outcome, outcome);
    t.deepEqual(host.workloads.get('web'), place);
  });
}

for (const phase of ['freezing', 'resuming', 'aborting'] satisfies Phase[]) {
  test(`a power cut at the very write of ${phase} leaves what was before it`, async (t) => {
    const host = await migrationHost(t);
    if (phase === 'aborting') host.agents.answers.freezeSource = () => Promise.reject(new Error('no'));
    const id = (await cutOffAt(host, 'migrations/', new RegExp(`"phase":"${phase}"`))) ?? '';
    t.like(await host.ended(id), { outcome: 'rolled_back', failure: { code: 'COORDINATOR_RESTARTED' } });
    t.false(host.agents.orders().includes('edge-2 resumeTarget'));
    t.deepEqual(host.workloads.get('web'), atHome);
  });
}

test('what is over stays as it is after a restart, and nobody is bothered', async (t) => {
  const host = await migrationHost(t);
  const { id } = await host.start();
  const before = await host.ended(id);
  host.agents.sent.length = 0;
  await host.restart();
  await turns();
  t.deepEqual(await host.engine.get(id), before);
  t.deepEqual(host.agents.orders(), []);
});
