import test from 'ava';
import { ask, droverJson, type MigrationJson, placeOf } from '../support/cluster.ts';
import { endOf, labDrover, migrateIntoTransfer, showMigration, untilTransferring } from '../support/lab-drover.ts';
import { goesOnUntouched, lifeOf } from '../support/life.ts';
import { refused } from '../support/refused.ts';
import { type Answer, aResident, type Resident, snapshotOf, stayedAsItWas } from '../support/resident.ts';
import { slowLink } from '../support/slow-link.ts';

// 64 MB at 20 Mbit/s take half a minute: no move of this file ends by itself while the link is slow.
let resident: Resident;
let fast: (() => Promise<void>) | undefined;

test.before(async () => {
  resident = await aResident(64, 18210);
  fast = await slowLink('edge-1', '20mbit');
});
test.after.always(async () => {
  await fast?.().catch(() => undefined);
  await resident.remove();
});

test.serial('cancelled in the middle: it goes on where it was, and nothing is left behind', async (t) => {
  const { name } = resident;
  const before = await snapshotOf(resident);
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
  await stayedAsItWas(t, resident, before);
  await refused(t, ['migration', 'cancel', id], { status: 3, code: 'MIGRATION_FINAL', says: /is over: rolled back/ });
  const { events } = await droverJson<{ events: { type: string; migration: string }[] }>('events', '--since', '1m');
  const types = events.filter(({ migration }) => migration === id).map(({ type }) => type);
  t.deepEqual(types, ['migration.started', 'migration.rolled_back']);
});

test.serial('out of time: rolled back, with status 5', async (t) => {
  const { name } = resident;
  const before = await snapshotOf(resident);
  const run = await labDrover(['migrate', name, '--to', 'edge-2', '--timeout', '2s', '-o', 'json']);
  t.is(run.status, 5);
  t.like(JSON.parse(run.stdout), { migration: { workload: name, outcome: 'rolled_back' } });
  const says = 'The migration did not reach its commit within 2 s.';
  t.like(JSON.parse(run.stderr), { error: { code: 'TIMEOUT', message: says } });
  await stayedAsItWas(t, resident, before);
});

test.serial('Ctrl-C leaves the move running and says so; once the link is fast again it ends well', async (t) => {
  const { name } = resident;
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
  const { name } = resident;
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
