import test from 'ava';
import { ask, containersOf, droverJson, placeOf } from '../support/cluster.ts';
import { labExec } from '../support/lab.ts';
import { showMigration } from '../support/lab-drover.ts';
import { coordinator, source } from '../support/programs.ts';
import { type Answer, aResident, type Resident, snapshotOf, stayedAsItWas } from '../support/resident.ts';

// Without anything to do there is nothing to wait for.
const idleMs = 3_000;

let resident: Resident;

test.before(async () => {
  resident = await aResident(16, 18222);
});
test.after.always(() => resident.remove());

for (const { what, end, start } of [coordinator, source]) {
  test.serial(
    `SIGTERM to ${what}, which has nothing to do: it ends at once, and is itself when it is back`,
    async (t) => {
      const [before, identity] = [await snapshotOf(resident), await identityOf('edge-1')];
      const ms = await end();
      t.true(ms < idleMs, `it took ${Math.round(ms)} ms`);
      await start();
      await stayedAsItWas(t, resident, before);
      t.is(await identityOf('edge-1'), identity, 'the node has the key and the certificate that it had');
    },
  );
}

test.serial('SIGTERM to the coordinator while a quick move is under way: the move is finished first', async (t) => {
  const { name, port } = resident;
  const before = await ask<Answer>('edge-1', port);
  const { migration } = await droverJson<{ migration: { id: string } }>('migrate', name, '--to', 'edge-2', '--detach');
  const ms = await coordinator.end();
  t.true(ms < 10_000, `it took ${Math.round(ms)} ms`);
  const after = await ask<Answer>('edge-2', port);
  t.true(after.n === before.n + 1 && after.uptime_s > before.uptime_s && after.sum === before.sum);
  t.false((await containersOf('edge-1')).includes(name));
  await coordinator.start();
  t.is((await showMigration(migration.id)).outcome, 'committed');
  t.like(await placeOf(name), { node: 'edge-2', state: 'running', epoch: 2 });
});

function identityOf(node: string): Promise<string> {
  return labExec(node, 'sh', '-c', 'sha256sum /var/lib/drover/identity/*.pem');
}
