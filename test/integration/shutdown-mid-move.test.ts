import test from 'ava';
import { droverJson } from '../support/cluster.ts';
import { endOf, migrateIntoTransfer } from '../support/lab-drover.ts';
import { coordinator, source, target } from '../support/programs.ts';
import { aResident, type Resident, snapshotOf, stayedAsItWas } from '../support/resident.ts';
import { slowLink } from '../support/slow-link.ts';

// What the systemd unit and people grant a program that is asked to end.
const longestMs = 10_000;

// 256 MB at 50 Mbit/s take most of a minute: no move of this file ends by itself.
let resident: Resident;
let fast: (() => Promise<void>) | undefined;

test.before(async () => {
  resident = await aResident(256, 18220);
  fast = await slowLink('edge-1', '50mbit');
});
test.after.always(async () => {
  await fast?.();
  await resident.remove();
});

for (const { what, end, start } of [coordinator, source, target]) {
  test.serial(
    `SIGTERM to ${what} in the middle of a move: the move is off, and nothing is lost or doubled`,
    async (t) => {
      const before = await snapshotOf(resident);
      const id = await migrateIntoTransfer(resident.name, 'edge-2');
      const ms = await end();
      t.true(ms < longestMs, `it took ${Math.round(ms)} ms`);
      await start();
      const { outcome, failure } = await endOf(id);
      t.is(outcome, 'rolled_back');
      t.truthy(failure?.message);
      await stayedAsItWas(t, resident, before);
      const { migrations } = await droverJson<{ migrations: { outcome: string | null }[] }>('migrations');
      t.true(
        migrations.every((migration) => migration.outcome !== null),
        'nothing is left open',
      );
    },
  );
}
