import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { shells } from '../../support/hand-scripts.ts';
import { containerId, shimHost } from '../../support/shim-host.ts';

const docker = ['--root', '/var/run/docker/runtime-runc/moby', '--log', '/log.json', '--log-format', 'json'];

const calls: readonly (readonly string[])[] = [
  [...docker, 'create', '--bundle', '/run/b', '--pid-file', '/run/b/init.pid', 'other'],
  [...docker, '--systemd-cgroup', 'start', 'other'],
  [...docker, 'exec', '--process', '/tmp/p q', '--console-socket', '/s', '--detach', '--pid-file', '/f', 'other'],
  [...docker, 'kill', '--all', 'other', '9'],
  [...docker, 'delete', '--force', 'other'],
  ['--version'],
  ['features'],
  [],
  ['create', ' leading', "it's", '"quoted"', '$HOME', '`id`', '*', '', 'a\nb', '\\n', '-', '--', 'ü', 'other'],
];

for (const shell of shells) {
  const name = shell.join(' ').replace(/.*\//, '');

  test(`${name}: without a ticket every call reaches runc as it is`, async (t) => {
    const host = await shimHost(t, shell);
    await host.ticket();
    for (const call of calls) await host.run(...call).ended;
    t.deepEqual(await host.calls(), calls);
  });

  test(`${name}: with a ticket everything but create and start reaches runc as it is`, async (t) => {
    const host = await shimHost(t, shell);
    await host.ticket();
    const others = [
      [...docker, 'state', containerId],
      [...docker, 'kill', '--all', containerId, '9'],
      [...docker, 'delete', '--force', containerId],
      [...docker, 'exec', '--process', '/p', containerId],
      [...docker, 'update', '--resources', '-', containerId],
    ];
    for (const call of others) t.is((await host.run(...call).ended).status, 0);
    t.deepEqual(await host.calls(), others);
  });

  test(`${name}: runc's exit status and output are the shim's`, async (t) => {
    const host = await shimHost(t, shell, { FAKE_STATUS: '42' });
    t.is((await host.run('state', 'other').ended).status, 42);
    const missing = await shimHost(t, shell, { DROVER_RUNC: '/no/such/runc' });
    t.not((await missing.run('state', 'other').ended).status, 0);
  });

  test(`${name}: an id that is a path finds no ticket`, async (t) => {
    const host = await shimHost(t, shell);
    await host.ticket();
    const tickets = join(host.paths.run, 'restore');
    for (const directory of ['.hidden', 'sub/ticket']) await mkdir(join(tickets, directory), { recursive: true });
    const ids = [
      '../restore',
      '..',
      '.',
      '.hidden',
      'sub/ticket',
      `./${containerId}`,
      `${tickets}/${containerId}`,
      '/',
      '',
    ];
    for (const id of ids) t.is((await host.run('create', '--bundle', '/b', id).ended).status, 0, id);
    t.deepEqual(
      await host.calls(),
      ids.map((id) => ['create', '--bundle', '/b', id]),
    );
  });

  test(`${name}: a container is ordinary again when its ticket is gone`, async (t) => {
    const host = await shimHost(t, shell);
    const ticket = await host.ticket();
    await ticket.remove();
    for (const started of [host.create(), host.start()]) t.is((await started.ended).status, 0);
    t.deepEqual((await host.calls()).map((args) => args.find((arg) => /^(create|start|restore)$/.test(arg))).sort(), [
      'create',
      'start',
    ]);
  });
}
