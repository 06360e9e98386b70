import test from 'ava';
import { labCommand } from '../support/cluster.ts';
import { endOf, migrateIntoTransfer } from '../support/lab-drover.ts';
import { aResident, type Resident, snapshotOf, stayedAsItWas, untilConnected } from '../support/resident.ts';
import { slowLink } from '../support/slow-link.ts';

// As in shutdown.test.ts, but nobody is asked: the programs are gone from one moment to the next.
let resident: Resident;
let fast: (() => Promise<void>) | undefined;

test.before(async () => {
  resident = await aResident(256, 18221);
  fast = await slowLink('edge-1', '50mbit');
});
test.after.always(async () => {
  await fast?.();
  await resident.remove();
});

const crashes = [
  { what: 'the coordinator', fault: ['kill-coordinator'], start: ['start-coordinator'], code: 'COORDINATOR_RESTARTED' },
  { what: 'the target', fault: ['kill-agent', 'edge-2'], start: ['start-agent', 'edge-2'], code: 'AGENT_LOST' },
  { what: 'the source', fault: ['kill-agent', 'edge-1'], start: ['start-agent', 'edge-1'], code: 'TRANSFER_FAILED' },
] as const;

for (const { what, fault, start, code } of crashes) {
  test.serial(`SIGKILL to ${what} in the middle of a move: rolled back once it is there again`, async (t) => {
    const before = await snapshotOf(resident);
    const id = await migrateIntoTransfer(resident.name, 'edge-2');
    await labCommand('fault', ...fault);
    await labCommand(...start);
    await untilConnected();
    t.like(await endOf(id), { outcome: 'rolled_back', failure: { code } });
    await stayedAsItWas(t, resident, before);
  });
}
