import test from 'ava';
import { freezerOf } from '../../../node-agent/runtime/freezer.ts';
import { countingProcess } from '../../support/counting-process.ts';
import { shells, start } from '../../support/hand-scripts.ts';
import { canMakeCgroups, ownCgroup } from '../../support/own-cgroup.ts';
import { shimHost } from '../../support/shim-host.ts';

// Without root no cgroup can be made, and these tests are about real ones.
const rootTest = canMakeCgroups ? test : test.skip;
const never = new AbortController().signal;

rootTest('a frozen container stands still, all of it, and goes on where it was', async (t) => {
  const { pid, standing, counting } = await countingProcess(t, 'freezer');
  await counting();
  const freezer = await freezerOf(pid);
  await freezer.freeze(5000);
  t.true(await standing());
  await freezer.thaw();
  await counting();
});

rootTest('freezing what is frozen and thawing what is not does no harm', async (t) => {
  const { pid, counting } = await countingProcess(t, 'freezer');
  const freezer = await freezerOf(pid);
  await freezer.thaw();
  for (let n = 0; n < 2; n++) await freezer.freeze(5000);
  for (let n = 0; n < 2; n++) await freezer.thaw();
  await counting();
  t.pass();
});

rootTest('a container that is gone can be thawed, not frozen', async (t) => {
  const cgroup = await ownCgroup(t, 'freezer');
  const { pid, ended } = start(t, ['sleep', '1000']);
  await cgroup.add(pid);
  const freezer = await freezerOf(pid);
  process.kill(pid, 'SIGKILL');
  await ended;
  await t.notThrowsAsync(freezer.thaw());
  await t.throwsAsync(freezerOf(pid), { code: 'ENOENT' });
});

for (const shell of shells) {
  rootTest(`${shell.join(' ')}: at the word "run" every task of the restored container is set going`, async (t) => {
    const { pid, standing, counting } = await countingProcess(t, 'devices');
    await counting();
    process.kill(-pid, 'SIGSTOP');
    const host = await shimHost(t, shell, { FAKE_INIT: String(pid) });
    const ticket = await host.ticket();
    await ticket.restore();
    await host.create().exited;
    const started = host.start();
    await ticket.restored(never);
    t.true(await standing());
    await ticket.run(never);
    t.is((await started.ended).status, 0);
    await counting();
    t.is((await host.calls()).length, 1);
  });
}
