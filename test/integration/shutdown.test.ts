import test, { type ExecutionContext } from 'ava';
import { droverJson, labCommand } from '../support/cluster.ts';
import { labExec } from '../support/lab.ts';
import { endOf, migrateIntoTransfer } from '../support/lab-drover.ts';
import { terminateAgent, terminateCoordinator } from '../support/lab-processes.ts';
import { aResident, type Resident, snapshotOf, stayedAsItWas, untilConnected } from '../support/resident.ts';
import { slowLink } from '../support/slow-link.ts';

// What the systemd unit and people grant a program that is asked to end.
const longestMs = 10_000;
// Without anything to do there is nothing to wait for.
const idleMs = 3_000;

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

interface Program {
  readonly what: string;
  readonly end: () => Promise<number>;
  readonly start: () => Promise<unknown>;
}

const coordinator: Program = {
  what: 'the coordinator',
  end: terminateCoordinator,
  start: async () => {
    await labCommand('start-coordinator');
    await untilConnected();
  },
};
const agentOf = (node: string, what: string): Program => ({
  what,
  end: () => terminateAgent(node),
  start: () => labCommand('start-agent', node),
});
const source = agentOf('edge-1', 'the agent of the source');
const target = agentOf('edge-2', 'the agent of the target');

for (const { what, end, start } of [coordinator, source]) {
  test.serial(`SIGTERM to ${what}, which has nothing to do`, async (t) => {
    const [before, identity] = [await snapshotOf(resident), await identityOf('edge-1')];
    await endsWithin(t, end, idleMs);
    await start();
    await stayedAsItWas(t, resident, before);
    t.is(await identityOf('edge-1'), identity, 'the node has its key and certificate still');
  });
}

for (const { what, end, start } of [coordinator, source, target]) {
  test.serial(`SIGTERM to ${what} in the middle of a move`, async (t) => {
    const before = await snapshotOf(resident);
    const id = await migrateIntoTransfer(resident.name, 'edge-2');
    await endsWithin(t, end, longestMs);
    await start();
    const { outcome, failure } = await endOf(id);
    t.is(outcome, 'rolled_back');
    t.truthy(failure?.message);
    await stayedAsItWas(t, resident, before);
    const { migrations } = await droverJson<{ migrations: { id: string; outcome: string | null }[] }>('migrations');
    t.true(
      migrations.every((migration) => migration.outcome !== null),
      'nothing is left open',
    );
  });
}

async function endsWithin(t: ExecutionContext, end: () => Promise<number>, limitMs: number): Promise<void> {
  const ms = await end();
  t.true(ms < limitMs, `it took ${Math.round(ms)} ms`);
}

function identityOf(node: string): Promise<string> {
  return labExec(node, 'sh', '-c', 'sha256sum /var/lib/drover/identity/*.pem');
}
