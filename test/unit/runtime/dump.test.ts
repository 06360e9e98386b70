import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ControlDirectory } from '../../../node-agent/runtime/control-directory.ts';
import { heldDump, prepareDump, startDump } from '../../../node-agent/runtime/dump.ts';
import { installFakeCriu, runcArguments } from '../../support/fake-criu.ts';
import { installedScripts } from '../../support/hand-scripts.ts';
import { killAllAbout } from '../../support/kill-all-about.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { turns } from '../../support/turns.ts';

const programs = await mkdtemp(join(tmpdir(), 'drover-test-'));
await installFakeCriu(programs);
test.after.always(() => rm(programs, { recursive: true, force: true }));

const forever = () => new AbortController().signal;

async function aDump(t: ExecutionContext, behaviour = '') {
  const paths = await installedScripts(t);
  const control = new ControlDirectory(join(paths.run, 'dump/m-1'));
  const images = join(paths.run, 'images');
  await prepareDump(control, { images, holdScript: join(paths.library, 'criu-hold') });
  await writeFile(join(control.path, 'behaviour'), behaviour);
  const target = { root: '/run/docker/runtime-runc/moby', systemdCgroup: true, containerId: 'c0ffee01' };
  t.teardown(() => killAllAbout(paths.run));
  return { control, images, begin: () => startDump(control, target, images), again: () => heldDump(control) };
}

test('a dump waits for the freeze, then for the verdict, and ends well when it is released', async (t) => {
  const { begin, control, images } = await aDump(t);
  const dump = begin();
  await dump.ready(forever());
  t.deepEqual(await readdir(images), []);
  await dump.proceed();
  await dump.dumped(forever());
  t.deepEqual((await readdir(images)).sort(), ['core-1.img', 'pages-1.img']);
  t.is(await control.read('status'), undefined);
  await dump.release(forever());
  t.is(await control.read('status'), '0');
});

test('runc is told which container, where the images go, and to leave cgroups and network alone', async (t) => {
  const { begin, control, images } = await aDump(t);
  await begin().ready(forever());
  const told = await runcArguments(control.path);
  t.deepEqual(told.slice(0, 4), ['--root', '/run/docker/runtime-runc/moby', '--systemd-cgroup', 'checkpoint']);
  t.is(told.at(-1), 'c0ffee01');
  for (const [flag, value] of [
    ['--image-path', images],
    ['--work-path', control.work],
    ['--manage-cgroups-mode', 'ignore'],
    ['--empty-ns', 'network'],
  ] as const) {
    t.is(told[told.indexOf(flag) + 1], value);
  }
});

for (const [title, until] of [
  ['before the freeze', 'ready'],
  ['after the dump', 'dumped'],
] as const) {
  test(`a dump that is called off ${title} ends, and the tasks are not killed`, async (t) => {
    const { begin, control } = await aDump(t);
    const dump = begin();
    await dump.ready(forever());
    if (until === 'dumped') {
      await dump.proceed();
      await dump.dumped(forever());
    }
    await dump.thaw(forever());
    t.is(await control.read('status'), '1');
    await dump.thaw(forever());
  });
}

test('a dump that cannot begin says why', async (t) => {
  const { begin } = await aDump(t, 'fails-at-once');
  const error = await rejectionOf(begin().ready(forever()));
  t.is(error.code, 'CHECKPOINT_FAILED');
  t.regex(error.message, /no such container/);
  t.regex(error.details.log ?? '', /Dumping FAILED/);
  t.regex(error.details.output ?? '', /type NOTIFY/);
});

test('a dump that fails after the freeze says why', async (t) => {
  const { begin } = await aDump(t, 'fails-dumping');
  const dump = begin();
  await dump.ready(forever());
  await dump.proceed();
  const error = await rejectionOf(dump.dumped(forever()));
  t.is(error.code, 'CHECKPOINT_FAILED');
  t.regex(error.message, /Can't dump io_uring/);
  await dump.thaw(forever());
});

test('an agent that is started again takes over where the dump stands', async (t) => {
  const { begin, again, control } = await aDump(t);
  begin();
  await again().ready(forever());
  await again().proceed();
  await again().dumped(forever());
  await again().dumped(forever());
  await again().release(forever());
  await again().release(forever());
  t.is(await control.read('status'), '0');
});

test('whoever waits for a dump can stop waiting; the dump goes on', async (t) => {
  const { begin, again } = await aDump(t);
  const dump = begin();
  await dump.ready(forever());
  const abort = new AbortController();
  const wait = dump.dumped(abort.signal);
  await turns();
  abort.abort(new Error('enough'));
  await t.throwsAsync(wait, { message: 'enough' });
  await again().proceed();
  await t.notThrowsAsync(again().dumped(forever()));
});

test('a release that finds the dump failed is an error: nothing was killed', async (t) => {
  const { begin, again } = await aDump(t);
  const dump = begin();
  await dump.ready(forever());
  await dump.thaw(forever());
  t.is((await rejectionOf(again().release(forever()))).code, 'CHECKPOINT_FAILED');
});
