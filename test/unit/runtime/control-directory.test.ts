import { getEventListeners } from 'node:events';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ControlDirectory } from '../../../node-agent/runtime/control-directory.ts';
import { openFilesBelow } from '../../support/checkpoint-files.ts';
import { installedScripts, shells, start } from '../../support/hand-scripts.ts';
import { temporaryDirectory } from '../../support/tls.ts';
import { turns } from '../../support/turns.ts';
import { until } from '../../support/until.ts';
import { untilTrue } from '../../support/until-true.ts';

const never = new AbortController().signal;

async function aControl(t: ExecutionContext) {
  const paths = await installedScripts(t);
  const control = new ControlDirectory(join(paths.run, 'dump/m-1'));
  const holdScript = join(paths.library, 'criu-hold');
  await control.create({ words: ['freeze', 'verdict'], criuOptions: ['file-locks', 'tcp-close'], holdScript });
  return control;
}

// The other side: CRIU's action script after the dump, which reports "dumped" and waits for the verdict.
function otherSide(t: ExecutionContext, control: ControlDirectory, shell = shells[0] ?? []) {
  return start(t, [...shell, join(control.path, 'hold')], { CRTOOLS_SCRIPT_ACTION: 'post-dump' });
}

const noneOpen = (control: ControlDirectory) =>
  untilTrue(async () => (await openFilesBelow(control.path)).length === 0, 'its files are closed');

for (const shell of shells) {
  const name = shell.join(' ').replace(/.*\//, '');

  test(`${name}: a word said before the other side waits is found by it`, async (t) => {
    const control = await aControl(t);
    await control.say('verdict', 'release');
    t.is((await otherSide(t, control, shell).ended).status, 0);
  });

  test(`${name}: a word said while the other side waits is heard by it`, async (t) => {
    const control = await aControl(t);
    const other = otherSide(t, control, shell);
    await control.until(() => control.state(), never);
    await turns();
    t.false(other.hasEnded);
    await control.say('verdict', 'thaw');
    t.is((await other.ended).status, 1);
  });

  test(`${name}: a word said many times, to someone who is started again, is the same word`, async (t) => {
    const control = await aControl(t);
    for (let n = 0; n < 50; n++) await control.say('verdict', 'release');
    for (let n = 0; n < 3; n++) t.is((await otherSide(t, control, shell).ended).status, 0);
  });
}

test('what the other side reported is found by who comes late, and by a new agent', async (t) => {
  const control = await aControl(t);
  t.is(await control.state(), undefined);
  const other = otherSide(t, control);
  t.is(await control.until(() => control.state(), never), 'dumped');
  const late = new ControlDirectory(control.path);
  t.is(await late.until(() => late.state(), never), 'dumped');
  await late.say('verdict', 'release');
  await other.ended;
});

test('a wait looks again at each event, and ends with the first thing found', async (t) => {
  const control = await aControl(t);
  let looked = 0;
  const wait = control.until(async () => (++looked >= 3 ? looked : undefined), never);
  for (const expected of [1, 2]) {
    await until(() => looked === expected);
    await start(t, ['sh', '-c', 'printf "x\\n" 1<>"$0/events"', control.path]).ended;
  }
  t.is(await wait, 3);
});

test('an abort ends a wait with its reason, before or while it waits', async (t) => {
  const control = await aControl(t);
  const [abort, reason] = [new AbortController(), new Error('enough')];
  const wait = control.until(async () => undefined, abort.signal);
  abort.abort(reason);
  t.is(await t.throwsAsync(wait), reason);
  t.is(await t.throwsAsync(control.until(async () => 'found', abort.signal)), reason);
  t.is(await noneOpen(control), true);
});

test('a look that fails ends the wait with its error', async (t) => {
  const control = await aControl(t);
  const error = new Error('gone');
  t.is(await t.throwsAsync(control.until(() => Promise.reject(error), never)), error);
});

test('a wait in a directory that is gone fails', async (t) => {
  const control = new ControlDirectory(join(await temporaryDirectory(t), 'none'));
  await t.throwsAsync(
    control.until(async () => undefined, never),
    { code: 'ENOENT' },
  );
  await t.throwsAsync(control.say('verdict', 'release'), { code: 'ENOENT' });
  t.is(await control.state(), undefined);
});

test('two hundred waits leave no file open', async (t) => {
  const control = await aControl(t);
  for (let n = 0; n < 200; n++) {
    const abort = new AbortController();
    const wait = control.until(async () => (n % 2 === 0 ? n : undefined), abort.signal);
    if (n % 2 === 1) abort.abort(new Error('enough'));
    await wait.catch(() => undefined);
    await control.say('verdict', 'release');
  }
  t.is(await noneOpen(control), true);
});

test('a wait that has ended holds on to no signal that goes on', async (t) => {
  const control = await aControl(t);
  const { signal } = new AbortController();
  for (let n = 0; n < 3; n++) await control.until(async () => 'found', signal);
  t.is(getEventListeners(signal, 'abort').length, 0);
});

test('only root can read what is in the directory, and CRIU is told its options and its script', async (t) => {
  const control = await aControl(t);
  t.is((await stat(control.path)).mode & 0o077, 0);
  for (const name of ['events', 'freeze.wake', 'verdict.wake']) {
    const { mode } = await stat(join(control.path, name));
    t.is(mode & 0o170777, 0o010600, name);
  }
  const options = await control.read('criu.conf');
  t.is(options, `file-locks\ntcp-close\naction-script ${control.path}/hold`);
});

test('a file that is being replaced is read whole or not at all', async (t) => {
  const control = await aControl(t);
  await writeFile(join(control.path, 'state.new'), 'dum');
  t.is(await control.state(), undefined);
  await writeFile(join(control.path, 'state'), 'dumped\n');
  t.is(await control.state(), 'dumped');
  await rm(join(control.path, 'state'));
  t.is(await control.state(), undefined);
});
