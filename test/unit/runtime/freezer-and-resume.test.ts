import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { freezerOf } from '../../../node-agent/runtime/freezer.ts';
import { shells, start } from '../../support/hand-scripts.ts';
import { canMakeCgroups, ownCgroup } from '../../support/own-cgroup.ts';
import { shimHost } from '../../support/shim-host.ts';
import { temporaryDirectory } from '../../support/tls.ts';
import { untilTrue } from '../../support/until-true.ts';

// Without root no cgroup can be made, and these tests are about real ones.
const rootTest = canMakeCgroups ? test : test.skip;
const never = new AbortController().signal;

// A process that counts in a file, and one of its children that does.
async function counter(t: ExecutionContext, controller: string) {
  const [cgroup, directory] = [await ownCgroup(t, controller), await temporaryDirectory(t)];
  const count = 'n=0; while :; do n=$((n + 1)); echo $n >"$0/$1.new"; mv "$0/$1.new" "$0/$1"; done';
  const script = `read -r _; (${count.replaceAll('$1', 'child')}) & ${count.replaceAll('$1', 'parent')}`;
  const { pid, stdin } = start(t, ['sh', '-c', script, directory]);
  await cgroup.add(pid);
  stdin?.end('\n');
  const read = async (who: string) => Number(await readFile(join(directory, who), 'utf8').catch(() => '0'));
  const counts = async () => [await read('parent'), await read('child')] as const;
  /** Resolves when both have counted on. */
  const counting = async () => {
    const [parent, child] = await counts();
    await untilTrue(async () => {
      const [nowParent, nowChild] = await counts();
      return nowParent > parent && nowChild > child;
    }, 'both count');
  };
  return { pid, counts, counting };
}

rootTest('a frozen container stands still, all of it, and goes on where it was', async (t) => {
  const { pid, counts, counting } = await counter(t, 'freezer');
  await counting();
  const freezer = await freezerOf(pid);
  await freezer.freeze(5000);
  const before = await counts();
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.deepEqual(await counts(), before);
  await freezer.thaw();
  await counting();
});

rootTest('freezing what is frozen and thawing what is not does no harm', async (t) => {
  const { pid, counting } = await counter(t, 'freezer');
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
    const { pid, counts, counting } = await counter(t, 'devices');
    await counting();
    process.kill(-pid, 'SIGSTOP');
    const host = await shimHost(t, shell, { FAKE_INIT: String(pid) });
    const ticket = await host.ticket();
    await ticket.restore();
    await host.create().exited;
    const started = host.start();
    await ticket.restored(never);
    const before = await counts();
    await new Promise((resolve) => setTimeout(resolve, 50));
    t.deepEqual(await counts(), before);
    await ticket.run(never);
    t.is((await started.ended).status, 0);
    await counting();
    t.is((await host.calls()).length, 1);
  });
}
