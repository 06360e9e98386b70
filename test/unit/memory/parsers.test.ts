import test from 'ava';
import { parseProcessCgroups } from '../../../node-agent/memory/cgroup-directory.ts';
import { parseSize, parseStat } from '../../../node-agent/memory/cgroup-memory.ts';
import { parseMeminfo } from '../../../node-agent/memory/meminfo.ts';
import { memoryOf } from '../../../node-agent/memory/node-memory.ts';
import { parsePressure } from '../../../node-agent/memory/pressure.ts';

const meminfo = `MemTotal:        1000000 kB
MemFree:          100000 kB
MemAvailable:     400000 kB
SwapTotal:         50000 kB
SwapFree:          20000 kB
HugePages_Total:       0
`;

test('meminfo is read in bytes', (t) => {
  t.deepEqual(parseMeminfo(meminfo), {
    totalBytes: 1_000_000 * 1024,
    availableBytes: 400_000 * 1024,
    swapTotalBytes: 50_000 * 1024,
    swapFreeBytes: 20_000 * 1024,
  });
});

test('an old kernel without MemAvailable offers only what is free', (t) => {
  t.is(parseMeminfo(meminfo.replace(/^MemAvailable.*\n/m, '')).availableBytes, 100_000 * 1024);
});

test('a meminfo without a total is refused', (t) => {
  t.throws(() => parseMeminfo('SwapTotal: 1 kB\n'), { message: /MemTotal/ });
});

test('pressure is read from both lines', (t) => {
  const text = `some avg10=12.34 avg60=1.00 avg300=0.00 total=11
full avg10=5.06 avg60=0.50 avg300=0.00 total=7
`;
  t.deepEqual(parsePressure(text), { someAvg10: 12.34, fullAvg10: 5.06 });
});

test('no pressure file means that the pressure is not known', (t) => {
  t.is(parsePressure(''), undefined);
});

test('a size that means "no limit" is none, in both versions', (t) => {
  t.is(parseSize('9223372036854771712\n'), undefined);
  t.is(parseSize('max\n'), undefined);
  t.is(parseSize(undefined), undefined);
  t.is(parseSize(''), undefined);
  t.is(parseSize('536870912\n'), 536870912);
  t.is(parseSize('0\n'), 0);
});

test('memory.stat is read line by line', (t) => {
  t.deepEqual(
    [...parseStat('anon 4096\nfile 0\ntotal_rss 12\n')],
    [
      ['anon', 4096],
      ['file', 0],
      ['total_rss', 12],
    ],
  );
});

test('the memory cgroup of a process is found among version 1 controllers', (t) => {
  const text = '9:name=systemd:/\n4:cpu,memory:/docker/abc\n0::/\n';
  t.deepEqual(parseProcessCgroups(text), { v1: '/docker/abc', v2: '/' });
});

test('the memory cgroup of a process is found in version 2', (t) => {
  t.deepEqual(parseProcessCgroups('0::/system.slice/docker-abc.scope\n'), {
    v1: undefined,
    v2: '/system.slice/docker-abc.scope',
  });
});

const machine = { totalBytes: 1000, availableBytes: 400, swapTotalBytes: 10, swapFreeBytes: 5 };

test('a node without a cgroup is the machine', (t) => {
  t.deepEqual(memoryOf(machine, undefined), machine);
});

test('a cgroup without a limit is the machine', (t) => {
  t.deepEqual(memoryOf(machine, { limitBytes: undefined, usedBytes: 3 }), machine);
});

test('a limit above the machine is the machine', (t) => {
  t.deepEqual(memoryOf(machine, { limitBytes: 2000, usedBytes: 3 }), machine);
});

test('a cgroup with a limit is the node', (t) => {
  const node = memoryOf(machine, { limitBytes: 300, usedBytes: 100 });
  t.is(node.totalBytes, 300);
  t.is(node.availableBytes, 200);
});

test('what the machine lacks is not available in a cgroup either', (t) => {
  t.is(memoryOf(machine, { limitBytes: 900, usedBytes: 100 }).availableBytes, 400);
});

test('a cgroup over its limit has nothing available', (t) => {
  t.is(memoryOf(machine, { limitBytes: 300, usedBytes: 350 }).availableBytes, 0);
});
