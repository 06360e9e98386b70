import test from 'ava';
import type { CommandKind } from '../../support/fake-agents.ts';
import { gate } from '../../support/gate.ts';
import { migrationHost, received, restored } from '../../support/migration-host.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { turns } from '../../support/turns.ts';

type Host = Awaited<ReturnType<typeof migrationHost>>;
const forever = () => new Promise<never>(() => undefined);

// Starts a migration that comes as far as this, and no further by itself.
async function startUntil(host: Host, last: { blocked: CommandKind } | { news: Parameters<Host['news']>[1][] }) {
  const { answers } = host.agents;
  if ('blocked' in last) answers[last.blocked] = forever;
  else answers.freezeSource = () => ({ dumped: { bytesTotal: 1, dumpMs: 1 } });
  const migration = await host.start();
  await host.sent(
    'blocked' in last && last.blocked === 'prepareTarget' ? 'edge-2 prepareTarget' : 'edge-1 freezeSource',
  );
  for (const body of 'news' in last ? last.news : []) host.news(migration, body);
  await turns();
  return migration;
}

for (const [phase, last] of [
  ['preparing', { blocked: 'prepareTarget' }],
  ['freezing', { blocked: 'freezeSource' }],
  ['transferring', { news: [] }],
  ['restoring', { news: [received] }],
] as const) {
  test(`a migration that is ${phase} can be cancelled, and the source goes on`, async (t) => {
    const host = await migrationHost(t);
    const { id } = await startUntil(host, 'news' in last ? { news: [...last.news] } : last);
    t.is((await host.engine.get(id)).phase, phase);
    const cancelled = await host.engine.cancel(id);
    t.like(cancelled, { outcome: 'rolled_back', failure: { code: 'CANCELLED' } });
    t.deepEqual(host.agents.orders().slice(-2), ['edge-1 thawSource', 'edge-2 discardTarget']);
    t.deepEqual(host.workloads.get('web'), { name: 'web', node: 'edge-1', containerId: 'c-old', epoch: 4, image: 'i' });
    t.is((await host.start({ dryRun: true })).phase, 'preparing');
  });
}

test('after the commit it is too late to cancel, and the migration goes on', async (t) => {
  const host = await migrationHost(t);
  const running = gate<{ containerId: string }>();
  host.agents.answers.resumeTarget = () => running.promise;
  const { id } = await host.start();
  await host.sent('edge-2 resumeTarget');
  const error = await rejectionOf(host.engine.cancel(id));
  t.is(error.code, 'TOO_LATE');
  t.is(error.details.migration, id);
  running.open({ containerId: 'c-new' });
  t.is((await host.ended(id)).outcome, 'committed');
});

test('a cancellation that comes while the commit is being written is too late, even if the target does not answer', async (t) => {
  const host = await migrationHost(t);
  host.agents.answers.resumeTarget = forever;
  const migration = await startUntil(host, { news: [received] });
  const [committing, written] = [gate(), gate()];
  const { transact } = host.store;
  host.store.transact = async (transaction) => {
    committing.open();
    await written.promise;
    return transact(transaction);
  };
  host.news(migration, restored);
  await committing.promise;
  const cancelled = rejectionOf(host.engine.cancel(migration.id));
  written.open();
  t.is((await cancelled).code, 'TOO_LATE');
  t.is((await host.stored(migration.id))?.phase, 'resuming');
});

test('cancelling what is being rolled back waits for the end of that', async (t) => {
  const host = await migrationHost(t);
  const thawed = gate<object>();
  host.agents.answers.thawSource = () => thawed.promise;
  const { id } = await startUntil(host, { blocked: 'freezeSource' });
  const first = host.engine.cancel(id);
  await host.sent('edge-1 thawSource');
  const second = host.engine.cancel(id);
  thawed.open({});
  for (const { outcome } of await Promise.all([first, second])) t.is(outcome, 'rolled_back');
  t.is(host.agents.orders().filter((order) => order === 'edge-1 thawSource').length, 1);
});

test('what is over cannot be cancelled', async (t) => {
  const host = await migrationHost(t);
  const { id } = await host.start();
  await host.ended(id);
  t.is((await rejectionOf(host.engine.cancel(id))).code, 'MIGRATION_FINAL');
});

test('what does not exist cannot be cancelled, shown or watched', async (t) => {
  const { engine } = await migrationHost(t);
  const watched = engine.watch('m-none', new AbortController().signal)[Symbol.asyncIterator]();
  for (const attempt of [engine.cancel('m-none'), engine.get('m-none'), watched.next()]) {
    t.is((await rejectionOf(attempt)).code, 'MIGRATION_NOT_FOUND');
  }
});

for (const [phase, last] of [
  ['preparing', { blocked: 'prepareTarget' }],
  ['freezing', { blocked: 'freezeSource' }],
  ['transferring', { news: [] }],
] as const) {
  test(`a migration that is ${phase} when its time is over is rolled back`, async (t) => {
    const host = await migrationHost(t);
    if ('blocked' in last) host.agents.answers[last.blocked] = forever;
    else host.agents.answers.freezeSource = () => ({ dumped: { bytesTotal: 1, dumpMs: 1 } });
    const { id } = await host.start({ timeoutMs: 40 });
    const migration = await host.ended(id);
    t.like(migration, { outcome: 'rolled_back', failure: { code: 'TIMEOUT' } });
    t.is(migration.phases.at(-2)?.phase, phase);
    t.regex(migration.reason, /commit/);
  });
}

test('a deadline that passes after the commit changes nothing', async (t) => {
  const host = await migrationHost(t);
  const running = gate<{ containerId: string }>();
  host.agents.answers.resumeTarget = () => running.promise;
  const { id } = await host.start({ timeoutMs: 400 });
  await host.sent('edge-2 resumeTarget');
  await new Promise((resolve) => setTimeout(resolve, 450));
  running.open({ containerId: 'c-new' });
  t.like(await host.ended(id), { outcome: 'committed', failure: undefined });
});
