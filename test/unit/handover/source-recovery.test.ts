import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { installFakeCriu } from '../../support/fake-criu.ts';
import { killAllAbout } from '../../support/kill-all-about.ts';
import { canMakeCgroups } from '../../support/own-cgroup.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { order, prepareOrder, sourceHost } from '../../support/source-host.ts';

// A real process is frozen in a real cgroup, which takes root.
const rootTest = canMakeCgroups ? test : test.skip;

const programs = await mkdtemp(join(tmpdir(), 'drover-test-'));
await installFakeCriu(programs);
test.after.always(() => rm(programs, { recursive: true, force: true }));

const never = new AbortController().signal;

// A source whose tasks are held frozen, with an agent that has just started again.
async function held(t: ExecutionContext) {
  const source = await sourceHost(t);
  await source.host.source.prepare(prepareOrder);
  await source.host.source.freeze(order, never);
  source.host.restart();
  return source;
}

rootTest('an agent that starts again leaves frozen tasks as they are, until it is told what was decided', async (t) => {
  const { host, process, policy } = await held(t);
  await host.source.recover();
  t.true(await process.standing());
  t.is(policy(), 'no');
  t.like(await host.journal.list(), [{ role: 'source', migrationId: 'm-1' }]);
});

rootTest('an agent that starts again can still be told to thaw', async (t) => {
  const { host, untouched } = await held(t);
  await host.source.recover();
  await host.source.thaw(order);
  await untouched();
});

rootTest('an agent that starts again can still be told to release', async (t) => {
  const { host, gone } = await held(t);
  await host.source.recover();
  // How long they were frozen is not known any more.
  t.deepEqual(await host.source.release(order), { frozenMs: 0 });
  await gone();
});

for (const verdict of ['thaw', 'release'] as const) {
  rootTest(`an agent that ended between "${verdict}" and its effect carries it out when it starts`, async (t) => {
    const { host, untouched, gone } = await held(t);
    const [entry] = await host.journal.list();
    if (entry?.role !== 'source') return t.fail();
    await host.journal.write({ ...entry, verdict });
    await host.source.recover();
    await (verdict === 'thaw' ? untouched() : gone());
    const other = verdict === 'thaw' ? host.source.release(order) : host.source.thaw(order);
    await other;
    await (verdict === 'thaw' ? untouched() : gone());
  });
}

rootTest('an agent that starts again has nothing prepared to freeze', async (t) => {
  const source = await sourceHost(t);
  await source.host.source.prepare(prepareOrder);
  source.host.restart();
  await source.host.source.recover();
  t.is((await rejectionOf(source.host.source.freeze(order, never))).code, 'MIGRATION_NOT_FOUND');
  await source.host.source.thaw(order);
  await source.untouched();
});

rootTest('a hand-over that cannot be recovered keeps neither the agent nor the next hand-over', async (t) => {
  const { host, gone } = await held(t);
  const [entry] = await host.journal.list();
  if (entry?.role !== 'source') return t.fail();
  await host.journal.write({ ...entry, verdict: 'release' });
  await host.journal.write({ ...entry, migrationId: 'm-2', containerId: 'gone', verdict: 'thaw' });
  host.docker.failing.set('remove', 'DOCKER_FAILED');
  await t.notThrowsAsync(host.source.recover());
  t.deepEqual(
    (await host.journal.list()).map(({ migrationId }) => migrationId),
    ['m-1'],
  );
  host.docker.failing.clear();
  await host.source.release(order);
  await gone();
});

rootTest('a container that somebody removed while it was frozen does not keep the rollback from its end', async (t) => {
  const { host } = await held(t);
  host.docker.containers.clear();
  await t.notThrowsAsync(host.source.thaw(order));
  t.deepEqual(await host.traces(), []);
});

rootTest('tasks whose dump was killed go on all the same when they are to', async (t) => {
  const { host, untouched } = await sourceHost(t, { settleMs: 300 });
  await host.source.prepare(prepareOrder);
  await host.source.freeze(order, never);
  killAllAbout(join(host.paths.run, 'dump/m-1'));
  await host.source.thaw(order);
  await untouched();
});

rootTest('after a reboot a thaw closes the books', async (t) => {
  const { host, policy } = await held(t);
  await rm(join(host.paths.run, 'dump'), { recursive: true });
  await host.source.recover();
  await host.source.thaw(order);
  t.is(policy(), 'always');
  t.deepEqual(await host.traces(), []);
});
