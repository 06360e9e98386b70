import { setMaxListeners } from 'node:events';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ControlDirectory } from '../../../node-agent/runtime/control-directory.ts';
import { installedScripts, shells, start } from '../../support/hand-scripts.ts';
import { turns } from '../../support/turns.ts';

const never = new AbortController().signal;
// All tests of this file wait with it at once.
setMaxListeners(0, never);

async function aHold(t: ExecutionContext, shell: readonly string[]) {
  const paths = await installedScripts(t);
  const control = new ControlDirectory(join(paths.run, 'a b/m-1'));
  const words = ['freeze', 'verdict', 'init', 'network'];
  await control.create({ words, criuOptions: [], holdScript: join(paths.library, 'criu-hold') });
  const call = (action: string, env: Record<string, string> = {}) =>
    start(t, [...shell, join(control.path, 'hold')], { CRTOOLS_SCRIPT_ACTION: action, ...env });
  return { control, call };
}

for (const shell of shells) {
  const name = shell.join(' ').replace(/.*\//, '');

  for (const [action, state, word, answers] of [
    ['pre-dump', 'ready', 'freeze', { go: 0, abort: 1 }],
    ['post-dump', 'dumped', 'verdict', { release: 0, thaw: 1, '': 1, 'release now': 1 }],
  ] as const) {
    for (const [answer, status] of Object.entries(answers)) {
      test(`${name}: ${action} reports "${state}" and ends with ${status} at "${answer}"`, async (t) => {
        const { control, call } = await aHold(t, shell);
        const held = call(action);
        t.is(await control.until(() => control.state(), never), state);
        await turns();
        t.false(held.hasEnded);
        await control.say(word, answer);
        t.is((await held.ended).status, status);
      });
    }
  }

  test(`${name}: a word for one action does not end another`, async (t) => {
    const { control, call } = await aHold(t, shell);
    await control.say('freeze', 'go');
    const held = call('post-dump');
    await control.until(() => control.state(), never);
    await turns();
    t.false(held.hasEnded);
    await control.say('verdict', 'release');
    t.is((await held.ended).status, 0);
  });

  test(`${name}: a stray wake without a word ends no wait`, async (t) => {
    const { control, call } = await aHold(t, shell);
    const held = call('post-dump');
    await control.until(() => control.state(), never);
    for (let n = 0; n < 5; n++) await start(t, ['sh', '-c', 'echo 1<>"$0/verdict.wake"', control.path]).ended;
    await turns();
    t.false(held.hasEnded);
    await control.say('verdict', 'release');
    t.is((await held.ended).status, 0);
  });

  test(`${name}: post-setup-namespaces tells the pid of init and lets CRIU go on`, async (t) => {
    const { control, call } = await aHold(t, shell);
    t.is((await call('post-setup-namespaces', { CRTOOLS_INIT_PID: '123' }).ended).status, 0);
    t.is(await control.read('init'), '123');
  });

  test(`${name}: post-setup-namespaces waits for the network where sockets need it`, async (t) => {
    const { control, call } = await aHold(t, shell);
    await writeFile(join(control.path, 'network-first'), '');
    const held = call('post-setup-namespaces', { CRTOOLS_INIT_PID: '123' });
    while ((await control.read('init')) === undefined) await turns(1);
    t.false(held.hasEnded);
    await control.say('network', 'up');
    t.is((await held.ended).status, 0);
  });

  for (const action of ['network-lock', 'network-unlock', 'setup-namespaces', 'post-restore', 'pre-resume', '']) {
    test(`${name}: the action "${action}" is none of its business`, async (t) => {
      const { control, call } = await aHold(t, shell);
      t.is((await call(action).ended).status, 0);
      t.is(await control.state(), undefined);
      await t.throwsAsync(access(join(control.path, 'init')), { code: 'ENOENT' });
    });
  }
}
