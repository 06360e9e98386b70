import { execFileSync } from 'node:child_process';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { shells } from '../../support/hand-scripts.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { containerId, shimHost } from '../../support/shim-host.ts';
import { turns } from '../../support/turns.ts';

const never = new AbortController().signal;

for (const shell of shells) {
  const name = shell.join(' ').replace(/.*\//, '');

  test(`${name}: create restores when the checkpoint is there, and start waits for the word`, async (t) => {
    const host = await shimHost(t, shell);
    const ticket = await host.ticket();
    const create = host.create();
    await ticket.waiting(never);
    await turns();
    t.false(create.hasEnded);
    t.deepEqual(await host.calls(), []);
    await ticket.restore();
    t.is((await create.ended).status, 0);
    t.is(await host.read(host.pidFile), '4194304');

    const started = host.start();
    await ticket.restored(never);
    await turns();
    t.false(started.hasEnded);
    t.is((await host.calls()).length, 1);
    await ticket.run(never);
    t.is((await started.ended).status, 0);
    t.is(await ticket.state(), 'running');

    const [restore, resume] = await host.calls();
    const globals = ['--root', '/run/some root', '--log', host.log, '--log-format', 'json', '--systemd-cgroup'];
    const directory = join(host.paths.run, 'restore', containerId);
    t.deepEqual(restore, [
      ...[...globals, 'restore', '--detach', '--no-subreaper', '--bundle', host.base],
      ...['--pid-file', join(directory, 'runc.pid'), '--image-path', join(directory, 'images')],
      ...['--work-path', join(directory, 'work'), '--tcp-established', '--manage-cgroups-mode', 'ignore'],
      ...['--empty-ns', 'network', containerId],
    ]);
    t.deepEqual(resume, ['--root', '/run/some root', '--log', host.log, 'kill', '-a', containerId, 'CONT']);
  });

  test(`${name}: words that were said before anyone waited are enough`, async (t) => {
    const host = await shimHost(t, shell);
    const ticket = await host.ticket();
    await ticket.restore();
    t.is((await host.create().ended).status, 0);
    const running = ticket.run(never);
    t.is((await host.start().ended).status, 0);
    await running;
  });

  test(`${name}: an agent that was started again finds where things stand, and may repeat itself`, async (t) => {
    const host = await shimHost(t, shell);
    await host.ticket();
    const create = host.create();
    await host.reopened().waiting(never);
    await host.reopened().restore();
    await create.ended;
    const started = host.start();
    await host.reopened().restored(never);
    await host.reopened().restored(never);
    await host.reopened().run(never);
    await host.reopened().run(never);
    t.is((await started.ended).status, 0);
  });

  test(`${name}: where sockets need the network, the restore waits until start has brought it`, async (t) => {
    const host = await shimHost(t, shell);
    const ticket = await host.ticket({ networkFirst: true });
    const create = host.create();
    await ticket.restore();
    t.is(await create.exited, 0);
    await turns();
    await t.throwsAsync(access(join(host.paths.run, 'restore', containerId, 'status')), { code: 'ENOENT' });
    const started = host.start();
    await ticket.restored(never);
    await ticket.run(never);
    t.is((await started.ended).status, 0);
  });

  test(`${name}: the restored container has the standard input that create was given`, async (t) => {
    const copy = join((await shimHost(t, shell)).base, 'stdin');
    const host = await shimHost(t, shell, { FAKE_STDIN: copy });
    const ticket = await host.ticket();
    const create = host.create();
    create.stdin?.end('typed by a user');
    await ticket.restore();
    await create.ended;
    t.is(await readFile(copy, 'utf8'), 'typed by a user');
  });

  test(`${name}: abort before the checkpoint came ends create, and says why in runc's log`, async (t) => {
    const host = await shimHost(t, shell);
    const ticket = await host.ticket();
    const create = host.create();
    await ticket.waiting(never);
    await ticket.abort();
    t.is((await create.ended).status, 1);
    t.is(await ticket.state(), 'failed');
    t.deepEqual(await host.calls(), []);
    const { level, msg } = JSON.parse(await host.read(host.log));
    t.is(level, 'error');
    t.regex(msg, /^drover-runc: .*gave up/);
  });

  test(`${name}: abort before create was called ends it at once`, async (t) => {
    const host = await shimHost(t, shell);
    const ticket = await host.ticket();
    await ticket.abort();
    t.is((await host.create().ended).status, 1);
    t.deepEqual(await host.calls(), []);
  });

  test(`${name}: abort while the restore runs takes effect when that is over`, async (t) => {
    const pause = join((await shimHost(t, shell)).base, 'pause');
    execFileSync('mkfifo', [pause]);
    const host = await shimHost(t, shell, { FAKE_PAUSE: pause });
    const ticket = await host.ticket();
    const create = host.create();
    await ticket.restore();
    while ((await host.calls()).length === 0) await turns(1);
    await ticket.abort();
    await turns();
    t.false(create.hasEnded);
    execFileSync('sh', ['-c', 'echo >"$0"', pause]);
    t.is((await create.ended).status, 0);
    t.is((await host.start().ended).status, 1);
    t.is(await ticket.state(), 'aborted');
    t.is((await host.calls()).length, 1);
  });

  test(`${name}: abort after the restore ends start, and no task ever ran`, async (t) => {
    const host = await shimHost(t, shell);
    const ticket = await host.ticket();
    const create = host.create();
    await ticket.restore();
    await create.ended;
    const started = host.start();
    await ticket.restored(never);
    await ticket.abort();
    t.is((await started.ended).status, 1);
    t.is(await ticket.state(), 'aborted');
    t.is((await host.calls()).length, 1);
    t.is((await rejectionOf(ticket.run(never))).code, 'RESTORE_FAILED');
  });

  test(`${name}: a restore that fails before init exists fails create`, async (t) => {
    const host = await shimHost(t, shell, { FAKE_RESTORE: 'fails-early' });
    const ticket = await host.ticket();
    const create = host.create();
    await ticket.restore();
    const { status, stderr } = await create.ended;
    t.is(status, 1);
    t.regex(stderr, /could not be restored/);
    t.is((await rejectionOf(ticket.restored(never))).code, 'RESTORE_FAILED');
  });

  test(`${name}: a restore that fails after init exists fails start`, async (t) => {
    const host = await shimHost(t, shell, { FAKE_RESTORE: 'fails-late' });
    const ticket = await host.ticket();
    const create = host.create();
    await ticket.restore();
    t.is((await create.ended).status, 0);
    const failed = rejectionOf(ticket.restored(never));
    t.is((await host.start().ended).status, 1);
    t.is((await failed).code, 'RESTORE_FAILED');
    t.is(await ticket.state(), 'failed');
    t.is((await host.calls()).length, 1);
  });

  test(`${name}: create gives up when nobody comes until its deadline`, async (t) => {
    const host = await shimHost(t, shell);
    const ticket = await host.ticket({ deadlineS: 1 });
    t.is((await host.create().ended).status, 1);
    t.is(await ticket.state(), 'failed');
    t.deepEqual(await host.calls(), []);
    t.is((await rejectionOf(ticket.waiting(never))).code, 'RESTORE_FAILED');
  });
}

test('a ticket of a container that is gone can be aborted and removed', async (t) => {
  const host = await shimHost(t, shells[0] ?? []);
  const ticket = await host.ticket();
  for (let n = 0; n < 2; n++) await ticket.remove();
  await t.notThrowsAsync(ticket.abort());
  t.is(await ticket.state(), undefined);
});
