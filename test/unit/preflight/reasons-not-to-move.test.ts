import test from 'ava';
import type { ExecSession } from '../../../node-agent/docker/engine-port.ts';
import type { ListeningSocket } from '../../../node-agent/preflight/listening-sockets.ts';
import type { ProcessFacts } from '../../../node-agent/preflight/process-facts.ts';
import { fixedAddressReasons, reasonsNotToMove } from '../../../node-agent/preflight/reasons-not-to-move.ts';
import { anInspect } from '../../support/an-inspect.ts';

const calm: ProcessFacts = { ioUring: [], lockedUsers: [], listening: [] };
const none = { processes: calm, execSessions: [] };

test('a plain running container can be moved', (t) => {
  t.deepEqual(reasonsNotToMove(anInspect({}), none), []);
});

const refused = test.macro((t, change: Parameters<typeof anInspect>[0], reason: RegExp) => {
  const reasons = reasonsNotToMove(anInspect(change), none);
  t.is(reasons.length, 1);
  t.regex(reasons[0] ?? '', reason);
  t.regex(reasons[0] ?? '', /^It[s ].*: .+\.$/, 'one sentence that says what to do');
});

const stopped = { Status: 'exited', Running: false };
test('a stopped container', refused, { State: stopped }, /not running \(exited\)/);
test('a paused container', refused, { State: { Status: 'paused', Paused: true } }, /docker unpause/);
test('a restarting container', refused, { State: { Status: 'restarting', Restarting: true } }, /restarting/);
test('a container with a terminal', refused, { Config: { Tty: true } }, /terminal/);
test('a container started with --rm', refused, { HostConfig: { AutoRemove: true } }, /--rm/);
const labels = { 'com.docker.swarm.service.name': 'shop' };
test('a container of a swarm', refused, { Config: { Labels: labels } }, /swarm service shop/);
const bind = { Type: 'bind', Source: '/var/run/docker.sock', Destination: '/docker.sock' };
test('a bind mount', refused, { Mounts: [bind] }, /\/var\/run\/docker\.sock of this node at \/docker\.sock/);
test(
  'a named volume',
  refused,
  { Mounts: [{ Type: 'volume', Name: 'data', Destination: '/d' }] },
  /the volume data at \/d/,
);
const anonymous = { Type: 'volume', Name: 'a'.repeat(64), Destination: '/d' };
test('an anonymous volume', refused, { Mounts: [anonymous] }, /an anonymous volume at \/d/);
test('an image mount', refused, { Mounts: [{ Type: 'image', Destination: '/i' }] }, /type image at \/i/);
test('privileged', refused, { HostConfig: { Privileged: true } }, /--privileged/);
test('a device', refused, { HostConfig: { Devices: [{ PathOnHost: '/dev/ttyUSB0' }] } }, /\/dev\/ttyUSB0/);
test('a GPU', refused, { HostConfig: { DeviceRequests: [{ Count: -1 }] } }, /--gpus/);
test('the network of the host', refused, { HostConfig: { NetworkMode: 'host' } }, /--network host/);
test('the network of a container', refused, { HostConfig: { NetworkMode: 'container:abc' } }, /container abc/);
test('the processes of the host', refused, { HostConfig: { PidMode: 'host' } }, /--pid host/);
test('the IPC of a container', refused, { HostConfig: { IpcMode: 'container:abc' } }, /--ipc/);
test('the host name of the host', refused, { HostConfig: { UTSMode: 'host' } }, /--uts host/);
test('the users of the host', refused, { HostConfig: { UsernsMode: 'host' } }, /--userns host/);
test('a link', refused, { HostConfig: { Links: ['/db:/web/db'] } }, /linked to the container db/);
test('another storage driver', refused, { Driver: 'btrfs' }, /storage driver btrfs/);

test('a tmpfs is no reason', (t) => {
  t.deepEqual(reasonsNotToMove(anInspect({ Mounts: [{ Type: 'tmpfs', Destination: '/t' }] }), none), []);
});

const session = (running: boolean, ...command: string[]): ExecSession => ({ id: 'e', running, command });

test('an open exec session is named, one that ended is not', (t) => {
  const execSessions = [session(true, 'sh', '-i'), session(false, 'ls')];
  const reasons = reasonsNotToMove(anInspect({}), { processes: calm, execSessions });
  t.is(reasons.length, 1);
  t.regex(reasons[0] ?? '', /\(sh -i\)/);
});

const healthCheck = test.macro((t, Config: Record<string, unknown>, command: string[], count: number) => {
  const facts = { processes: calm, execSessions: [session(true, ...command)] };
  t.is(reasonsNotToMove(anInspect({ Config }), facts).length, count);
});

const curl = { Healthcheck: { Test: ['CMD-SHELL', 'curl -f localhost'] } };
test('a health check by the shell does not count', healthCheck, curl, ['/bin/sh', '-c', 'curl -f localhost'], 0);
const bash = { ...curl, Shell: ['/bin/bash', '-lc'] };
test(
  'a health check by the shell of the image does not count',
  healthCheck,
  bash,
  ['/bin/bash', '-lc', 'curl -f localhost'],
  0,
);
test(
  'a health check by a command does not count',
  healthCheck,
  { Healthcheck: { Test: ['CMD', 'check', '1'] } },
  ['check', '1'],
  0,
);
test('another command beside a health check counts', healthCheck, curl, ['/bin/sh', '-c', 'sleep 1'], 1);

test('io_uring is named once for each program', (t) => {
  const processes = { ...calm, ioUring: ['node', 'node', 'fio'] };
  const reasons = reasonsNotToMove(anInspect({}), { processes, execSessions: [] });
  t.is(reasons.length, 2);
  t.regex(reasons[0] ?? '', /program node uses io_uring/);
});

test('everything that is wrong is said at once', (t) => {
  const inspect = anInspect({ HostConfig: { Privileged: true, NetworkMode: 'host' }, Mounts: [bind] });
  t.is(reasonsNotToMove(inspect, none).length, 3);
});

test('only an address of its own is a fixed address', (t) => {
  const socket = (address: string): ListeningSocket => ({ protocol: 'tcp', address, port: 80, inode: '1' });
  const zero = Array(8).fill('0000').join(':');
  const own = fixedAddressReasons({
    ...calm,
    listening: [
      socket('0.0.0.0'),
      socket(zero),
      socket('127.0.0.1'),
      socket(zero.replace(/0$/, '1')),
      socket('172.17.0.2'),
    ],
  });
  t.is(own.length, 1);
  t.regex(own[0] ?? '', /172\.17\.0\.2 port 80\/tcp/);
});
