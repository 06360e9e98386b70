import test, { type ExecutionContext } from 'ava';
import { ask, drover, droverJson, type MigrationJson, placeOf, runWorkload } from '../support/cluster.ts';
import { endOf, labDrover, migrateIntoTransfer, showMigration, untilTransferring } from '../support/lab-drover.ts';
import { countOf, goesOnUntouched, type Life, lifeOf } from '../support/life.ts';
import { refused } from '../support/refused.ts';
import { slowLink } from '../support/slow-link.ts';
import { traces } from '../support/traces.ts';

interface Answer {
  readonly n: number;
  readonly sum: string;
  readonly uptime_s: number;
}

// 64 MB at 20 Mbit/s take half a minute: no move of this file ends by itself while the link is slow.
let name: string;
let fast: (() => Promise<void>) | undefined;

test.before(async () => {
  name = await runWorkload('edge-1', ['-e', 'MB=64', '-p', '18210:8080'], 'drover/fn-node');
  await ask('edge-1', 18210);
  fast = await slowLink('edge-1', '20mbit');
});
test.after.always(async () => {
  await fast?.().catch(() => undefined);
  await drover('rm', name);
});

test.serial('cancelled in the middle: it goes on where it was, and nothing is left behind', async (t) => {
  const before = await present();
  const id = await migrateIntoTransfer(name, 'edge-2');
  const watching = labDrover(['migration', 'watch', id]);
  t.like(await placeOf(name), { node: 'edge-1', state: 'migrating', epoch: 1 });
  await refused(t, ['migrate', name, '--to', 'edge-3'], {
    ...{ status: 3, code: 'WORKLOAD_BUSY', says: /is being migrated; cancel migration \S+ or wait for its end/ },
  });
  await refused(t, ['rm', name], { status: 3, code: 'WORKLOAD_BUSY', says: /is being migrated/ });
  const cancelled = await droverJson<{ migration: MigrationJson }>('migration', 'cancel', id);
  t.like(cancelled, { migration: { id, outcome: 'rolled_back', from: 'edge-1', to: 'edge-2' } });
  t.like(await showMigration(id), { failure: { code: 'CANCELLED', message: 'It was cancelled.' } });
  t.like(await watching, { status: 1, stderr: 'error: It was cancelled. (CANCELLED)\n' });
  await isAsBefore(t, before);
  await refused(t, ['migration', 'cancel', id], { status: 3, code: 'MIGRATION_FINAL', says: /is over: rolled back/ });
  const { events } = await droverJson<{ events: { type: string; migration: string }[] }>('events', '--since', '1m');
  const types = events.filter(({ migration }) => migration === id).map(({ type }) => type);
  t.deepEqual(types, ['migration.started', 'migration.rolled_back']);
});

test.serial('out of time: rolled back, with status 5', async (t) => {
  const before = await present();
  const run = await labDrover(['migrate', name, '--to', 'edge-2', '--timeout', '2s', '-o', 'json']);
  t.is(run.status, 5);
  t.like(JSON.parse(run.stdout), { migration: { workload: name, outcome: 'rolled_back' } });
  const says = 'The migration did not reach its commit within 2 s.';
  t.like(JSON.parse(run.stderr), { error: { code: 'TIMEOUT', message: says } });
  await isAsBefore(t, before);
});

test.serial('Ctrl-C leaves the move running and says so; once the link is fast again it ends well', async (t) => {
  const before = await ask<Answer>('edge-1', 18210);
  let pressed = false;
  const run = await labDrover(['migrate', name, '--to', 'edge-2'], (stdout, child) => {
    if (!stdout.includes('transferring') || pressed) return;
    pressed = true;
    child.kill('SIGINT');
  });
  const [, id = ''] = /migration (m-\S+) goes on/.exec(run.stderr) ?? [];
  t.is(run.status, 1);
  t.regex(run.stderr, /^error: Stopped watching, but migration m-\S+ goes on: .* \(CANCELLED\)\n$/);
  await untilTransferring(id);
  await fast?.();
  const watched = await labDrover(['migration', 'watch', id]);
  t.is(watched.status, 0, watched.stderr);
  t.regex(watched.stdout, /moved from edge-1 to edge-2: downtime .*\n$/);
  const after = await ask<Answer>('edge-2', 18210);
  t.true(after.n > before.n && after.uptime_s > before.uptime_s);
  t.is(after.sum, before.sum);
  t.like(await placeOf(name), { node: 'edge-2', state: 'running', epoch: 2 });
});

test.serial('a committed move cannot be cancelled, nor one that there never was', async (t) => {
  const { migration } = await droverJson<{ migration: { id: string } }>('migrate', name, '--to', 'edge-1', '--detach');
  t.is((await endOf(migration.id)).outcome, 'committed');
  const before = await lifeOf('edge-1', name);
  await refused(t, ['migration', 'cancel', migration.id], {
    ...{ status: 3, code: 'MIGRATION_FINAL', says: /is over: committed/ },
  });
  await refused(t, ['migration', 'cancel', 'm-0'], {
    ...{ status: 6, code: 'MIGRATION_NOT_FOUND', says: /There is no migration m-0; "drover migrations" lists them/ },
  });
  await goesOnUntouched(t, { node: 'edge-1', name }, before);
});

interface Present {
  readonly life: Life;
  readonly answer: Answer;
  readonly traces: readonly Awaited<ReturnType<typeof traces>>[];
}

async function present(): Promise<Present> {
  const nodes = await Promise.all([traces('edge-1'), traces('edge-2')]);
  return { traces: nodes, answer: await ask<Answer>('edge-1', 18210), life: await lifeOf('edge-1', name) };
}

/** The same process, with its memory, and a pause that it did not notice; both nodes as if nothing had been tried. */
async function isAsBefore(t: ExecutionContext, before: Present): Promise<void> {
  const answer = await ask<Answer>('edge-1', 18210);
  t.is(answer.n, before.answer.n + 1, 'no request was lost or answered by another copy');
  t.true(answer.uptime_s > before.answer.uptime_s);
  t.is((await ask<Answer>('edge-1', 18210, '/sum')).sum, before.answer.sum);
  await goesOnUntouched(t, { node: 'edge-1', name }, before.life);
  const count = await countOf('edge-1', name);
  t.deepEqual(
    count,
    [...count.keys()].map((index) => index + 1),
    'it counted on without a gap',
  );
  t.like(await placeOf(name), { node: 'edge-1', state: 'running', epoch: 1 });
  t.deepEqual(await Promise.all([traces('edge-1'), traces('edge-2')]), [...before.traces]);
}
