import test from 'ava';
import { gate } from '../../support/gate.ts';
import { migrationHost, received, restored } from '../../support/migration-host.ts';
import { turns } from '../../support/turns.ts';

const commands = [
  'edge-1 checkSource',
  'edge-2 checkTarget',
  'edge-1 prepareSource',
  'edge-2 prepareTarget',
  'edge-1 freezeSource',
  'edge-2 resumeTarget',
  'edge-1 releaseSource',
  'edge-2 finishTarget',
];

test('a migration gives its commands in this order and leaves the workload at its new place', async (t) => {
  const host = await migrationHost(t);
  const { id } = await host.start();
  const migration = await host.ended(id);
  t.deepEqual(host.agents.orders(), commands);
  t.like(migration, { phase: 'committed', outcome: 'committed', failure: undefined, epoch: 5, strategy: 'cold' });
  t.deepEqual(host.workloads.get('web'), { name: 'web', node: 'edge-2', containerId: 'c-new', epoch: 5, image: 'i' });
  t.deepEqual(await host.events(), ['migration.started', 'migration.committed']);
});

test('it says how much was moved and how long each part took', async (t) => {
  const host = await migrationHost(t);
  const migration = await host.ended((await host.start()).id);
  t.like(migration, { bytesTotal: 1000, bytesSent: 900, frozenMs: 12 });
  t.true(migration.downtimeMs > 0 && migration.totalMs >= migration.downtimeMs);
  t.deepEqual(
    migration.phases.map(({ phase }) => phase),
    ['checking', 'preparing', 'freezing', 'transferring', 'restoring', 'resuming'],
  );
  t.true(migration.phases.every(({ ms }) => ms >= 0));
  t.not(migration.endedAt, undefined);
});

test('both halves are told the new epoch and where the other one is', async (t) => {
  const host = await migrationHost(t);
  const { id } = await host.start();
  await host.ended(id);
  const [, , prepareSource, prepareTarget, ...later] = host.agents.sent.map(({ body }) => body.value);
  const both = { migrationId: id, epoch: 5 };
  t.like(prepareSource, { ...both, workload: 'web', targetNode: 'edge-2' });
  t.like(prepareTarget, { ...both, workload: 'web', sourceNode: 'edge-1', sourceAddress: 'edge-1:7401' });
  for (const value of later) t.like(value, both);
});

test('the commit is in the store before the target is told to run', async (t) => {
  const host = await migrationHost(t);
  const phases: unknown[] = [];
  const { freezeSource } = host.agents.answers;
  host.agents.answers.freezeSource = async (value, node) => {
    phases.push((await host.stored(value.migrationId))?.phase);
    return freezeSource?.(value, node) ?? {};
  };
  host.agents.answers.resumeTarget = async ({ migrationId }) => {
    phases.push((await host.stored(migrationId))?.phase);
    return { containerId: 'c-new' };
  };
  await host.ended((await host.start()).id);
  t.deepEqual(phases, ['freezing', 'resuming']);
});

test('every phase is in the store before its first command is given', async (t) => {
  const host = await migrationHost(t);
  const seen: string[] = [];
  for (const kind of ['prepareSource', 'freezeSource', 'resumeTarget', 'releaseSource'] as const) {
    const answer = host.agents.answers[kind] as ((...args: unknown[]) => object) | undefined;
    host.agents.answers[kind] = async (value: { migrationId: string }, node: string) => {
      seen.push(`${kind}: ${(await host.stored(value.migrationId))?.phase}`);
      return answer?.(value, node) ?? {};
    };
  }
  await host.ended((await host.start()).id);
  const expected = ['prepareSource: preparing', 'freezeSource: freezing'];
  t.deepEqual(seen, [...expected, 'resumeTarget: resuming', 'releaseSource: resuming']);
});

test('the source is not released before the target has said that it runs', async (t) => {
  const host = await migrationHost(t);
  const running = gate<{ containerId: string }>();
  host.agents.answers.resumeTarget = () => running.promise;
  const { id } = await host.start();
  await host.sent('edge-2 resumeTarget');
  await turns();
  t.false(host.agents.orders().includes('edge-1 releaseSource'));
  running.open({ containerId: 'c-new' });
  await host.ended(id);
  t.true(host.agents.orders().includes('edge-1 releaseSource'));
});

test('nothing is committed before the target has received and restored', async (t) => {
  const host = await migrationHost(t);
  host.agents.answers.freezeSource = () => ({ dumped: { bytesTotal: 1, dumpMs: 1 } });
  const migration = await host.start();
  const phase = async () => (await host.stored(migration.id))?.phase;
  await host.sent('edge-1 freezeSource');
  host.news({ ...migration, epoch: 4 }, received);
  host.agents.deliver('edge-3', { migrationId: migration.id, epoch: 5, body: received });
  host.agents.deliver('edge-2', { migrationId: 'm-other', epoch: 5, body: received });
  await turns();
  t.is(await phase(), 'transferring');
  host.news(migration, received);
  await turns();
  t.is(await phase(), 'restoring');
  t.false(host.agents.orders().includes('edge-2 resumeTarget'));
  host.news(migration, restored);
  t.is((await host.ended(migration.id)).outcome, 'committed');
});

test('news that comes before its phase is not lost', async (t) => {
  const host = await migrationHost(t);
  host.agents.answers.freezeSource = ({ migrationId, epoch }) => {
    for (const body of [received, restored]) host.agents.deliver('edge-2', { migrationId, epoch, body });
    return { dumped: { bytesTotal: 1, dumpMs: 1 } };
  };
  t.is((await host.ended((await host.start()).id)).outcome, 'committed');
});

test('a watcher sees the phases, the progress and the end', async (t) => {
  const host = await migrationHost(t);
  const { freezeSource } = host.agents.answers;
  host.agents.answers.freezeSource = async (value, node) => {
    host.news({ id: value.migrationId, epoch: 5 }, { $case: 'progress', value: { bytesReceived: 123 } });
    await turns(1);
    return freezeSource?.(value, node) ?? {};
  };
  const { id } = await host.start();
  const seen: string[] = [];
  for await (const { phase, bytesSent } of host.engine.watch(id, new AbortController().signal)) {
    seen.push(bytesSent === 123 ? `${phase} 123` : phase);
  }
  t.is(seen.at(-1), 'committed');
  t.true(seen.includes('freezing 123'), seen.join(', '));
});

test('a dry run asks both nodes, says what would be done, and changes nothing', async (t) => {
  const host = await migrationHost(t);
  const before = await host.store.range('');
  const migration = await host.start({ dryRun: true });
  t.like(migration, { workload: 'web', from: 'edge-1', to: 'edge-2', epoch: 5, phase: 'preparing', outcome: '' });
  t.deepEqual(host.agents.orders(), ['edge-1 checkSource', 'edge-2 checkTarget']);
  t.deepEqual(await host.store.range(''), before);
  t.deepEqual(await host.engine.list({ limit: 10 }), []);
  t.deepEqual(await host.events(), []);
});

test('a workload can be moved on, and back', async (t) => {
  const host = await migrationHost(t);
  for (const [to, epoch] of [
    ['edge-2', 5],
    ['edge-3', 6],
    ['edge-1', 7],
  ] as const) {
    host.agents.answers.freezeSource = ({ migrationId }) => {
      setImmediate(() => {
        for (const body of [received, restored]) host.agents.deliver(to, { migrationId, epoch, body });
      });
      return { dumped: { bytesTotal: 1, dumpMs: 1 } };
    };
    t.is((await host.ended((await host.start({ to })).id)).outcome, 'committed');
    t.like(host.workloads.get('web'), { node: to, epoch });
  }
});
