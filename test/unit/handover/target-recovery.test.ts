import test, { type ExecutionContext } from 'ava';
import { someBytes } from '../../support/checkpoint-files.ts';
import { aPrepareTarget, handoverHost } from '../../support/handover-host.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { anOffer, itemsOf } from '../../support/transfer-host.ts';
import { until } from '../../support/until.ts';

const order = { migrationId: 'm-1' };
const never = new AbortController().signal;
const files = { 'images/core-1.img': someBytes(100) };

async function prepared(t: ExecutionContext) {
  const host = await handoverHost(t);
  host.peer.offers.make(anOffer);
  await host.target.prepare(aPrepareTarget(host), never);
  return host;
}

async function restored(t: ExecutionContext) {
  const host = await prepared(t);
  host.peer.offers.open('m-1', itemsOf(files).items);
  await until(() => host.news().includes('restored'));
  return host;
}

test('an agent that starts again with a restored half tells so, and runs it when it is told to', async (t) => {
  const host = await restored(t);
  host.restart();
  await host.target.recover();
  t.deepEqual(host.news(), ['restored']);
  await host.target.run(order);
  await host.target.finish(order);
  t.like(host.ledger.get('web'), { epoch: 5 });
  t.is(host.docker.containers.get('id-of-web')?.restartPolicy, 'always');
  t.deepEqual(await host.traces(), []);
});

test('an agent that starts again with a restored half discards it when it is told to', async (t) => {
  const host = await restored(t);
  host.restart();
  await host.target.recover();
  await host.target.discard(order);
  t.deepEqual(await host.traces(), []);
  t.deepEqual([...host.docker.containers.keys()], []);
});

for (const [title, make, lose] of [
  ['whose agent starts again before it has restored', prepared, 'restart'],
  ['that reboots before it has restored', prepared, 'reboot'],
  ['that reboots after it has restored', restored, 'reboot'],
] as const) {
  test(`a target ${title} says that its half is lost, and will never run it`, async (t) => {
    const host = await make(t);
    await host[lose]();
    await host.target.recover();
    t.deepEqual(host.news(), ['failed AGENT_LOST']);
    t.deepEqual([...host.docker.containers.keys()], []);
    // COMMIT may have been written meanwhile: the source holds the only copy then, and must not be told to let go of it.
    t.is((await rejectionOf(host.target.run(order))).code, 'TOO_LATE');
    host.restart();
    await host.target.recover();
    t.is((await rejectionOf(host.target.run(order))).code, 'TOO_LATE');
    await host.target.discard(order);
    t.deepEqual(await host.traces(), []);
  });
}

test('an agent that ended between the word and its effect carries it out when it starts', async (t) => {
  const host = await restored(t);
  const [entry] = await host.journal.list();
  if (entry?.role !== 'target') return t.fail();
  await host.journal.write({ ...entry, verdict: 'run' });
  host.restart();
  await host.target.recover();
  t.like(host.ledger.get('web'), { epoch: 5 });
  t.deepEqual(await host.traces(), []);
});

test('a node that rebooted after its tasks ran closes its books, and does not claim to have lost a half', async (t) => {
  const host = await restored(t);
  await host.target.run(order);
  await host.reboot();
  await host.target.recover();
  t.deepEqual(host.news(), []);
  t.like(host.ledger.get('web'), { epoch: 5 });
  t.deepEqual(await host.traces(), []);
});

test('a half that cannot be recovered does not keep the agent down, and its promise stands', async (t) => {
  const host = await restored(t);
  await host.reboot();
  host.docker.failing.set('remove', 'DOCKER_FAILED');
  await t.notThrowsAsync(host.target.recover());
  t.is((await rejectionOf(host.target.run(order))).code, 'TOO_LATE');
  host.docker.failing.clear();
  await host.target.discard(order);
  t.deepEqual(await host.traces(), []);
});

test('a container that ended and vanished right after it ran does not keep the migration from its end', async (t) => {
  const host = await restored(t);
  await host.target.run(order);
  host.docker.failing.set('policy', 'CONTAINER_NOT_FOUND');
  await t.notThrowsAsync(host.target.finish(order));
  t.deepEqual(await host.traces(), []);
});
