import test from 'ava';
import { ask, labCommand } from '../support/cluster.ts';
import { endOf, migrateIntoTransfer } from '../support/lab-drover.ts';
import { type Answer, aResident, snapshotOf, stayedAsItWas } from '../support/resident.ts';
import { slowLink } from '../support/slow-link.ts';
import { untilTrue } from '../support/until-true.ts';

test('a target that does not come back: the workload goes on all the same', async (t) => {
  const resident = await aResident(64, 18223);
  t.teardown(resident.remove);
  // Ten megabytes and more a second would be through before the target is gone.
  t.teardown(await slowLink('edge-1', '20mbit'));
  const before = await snapshotOf(resident);
  const id = await migrateIntoTransfer(resident.name, 'edge-2');
  await labCommand('fault', 'kill-agent', 'edge-2');
  const answers = async () => (await ask<Answer>('edge-1', resident.port).catch(() => undefined)) !== undefined;
  await untilTrue(answers, 'the workload answers again', 40_000);
  await labCommand('start-agent', 'edge-2');
  t.like(await endOf(id), { outcome: 'rolled_back', failure: { code: 'AGENT_LOST' } });
  // It has answered once meanwhile.
  await stayedAsItWas(t, resident, { ...before, answer: { ...before.answer, n: before.answer.n + 1 } });
});
