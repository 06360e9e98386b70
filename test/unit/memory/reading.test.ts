import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { findMemoryCgroup } from '../../../node-agent/memory/cgroup-directory.ts';
import { containerMemoryBytes, readCgroupMemory } from '../../../node-agent/memory/cgroup-memory.ts';
import { readContainerMemory } from '../../../node-agent/memory/container-memory.ts';
import { readNodeMemory } from '../../../node-agent/memory/node-memory.ts';

const test = anyTest as TestFn<{ root: string; put: (path: string, text: string) => Promise<void> }>;

test.beforeEach(async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'drover-memory-'));
  const put = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  t.context = { root, put };
});

test.afterEach.always((t) => rm(t.context.root, { recursive: true, force: true }));

test('version 1: usage without the inactive page cache, under the lowest limit above', async (t) => {
  const { root, put } = t.context;
  await put('memory/node/memory.limit_in_bytes', '9223372036854771712\n');
  await put('memory/node/memory.usage_in_bytes', '1000\n');
  await put('memory/node/memory.stat', 'hierarchical_memory_limit 5000\ninactive_file 1\ntotal_inactive_file 300\n');
  const cgroup = await findMemoryCgroup('/node', root);
  t.is(cgroup.version, 1);
  t.deepEqual(await readCgroupMemory(cgroup), { limitBytes: 5000, usedBytes: 700 });
});

test('version 2: the limit of a cgroup above counts', async (t) => {
  const { root, put } = t.context;
  await put('slice/memory.max', '4000\n');
  await put('slice/node/memory.max', 'max\n');
  await put('slice/node/memory.current', '1000\n');
  await put('slice/node/memory.stat', 'anon 600\nfile 400\ninactive_file 250\n');
  const cgroup = await findMemoryCgroup('/slice/node', root);
  t.is(cgroup.version, 2);
  t.deepEqual(await readCgroupMemory(cgroup), { limitBytes: 4000, usedBytes: 750 });
});

test('a cgroup may be named by its whole path', async (t) => {
  await t.context.put('slice/memory.current', '1\n');
  t.is((await findMemoryCgroup(join(t.context.root, 'slice'), t.context.root)).version, 2);
});

test('a cgroup that does not exist is bad usage', async (t) => {
  await t.throwsAsync(findMemoryCgroup('/nowhere', t.context.root), { code: 'BAD_USAGE', message: /--memory-cgroup/ });
});

test('a container needs anonymous, shared, swapped and kernel memory, in both versions', async (t) => {
  const { root, put } = t.context;
  await put('memory/c/memory.limit_in_bytes', '1\n');
  await put('memory/c/memory.stat', 'rss 1\ntotal_cache 900\ntotal_rss 100\ntotal_shmem 20\ntotal_swap 3\n');
  await put('memory/c/memory.kmem.usage_in_bytes', '4000\n');
  t.is(await containerMemoryBytes(await findMemoryCgroup('/c', root)), 4123);
  await put('d/memory.current', '1\n');
  await put('d/memory.swap.current', '3\n');
  await put('d/memory.stat', 'anon 100\nfile 900\nkernel 4000\nshmem 20\n');
  t.is(await containerMemoryBytes(await findMemoryCgroup('/d', root)), 4123);
});

test('the cgroup that carries the id of a container holds what it made below', async (t) => {
  const { root, put } = t.context;
  await put('proc/7/cgroup', '0::/docker-abcdef.scope/init\n');
  await put('cgroup/docker-abcdef.scope/memory.current', '1\n');
  await put('cgroup/docker-abcdef.scope/memory.stat', 'anon 500\n');
  await put('cgroup/docker-abcdef.scope/init/memory.current', '1\n');
  await put('cgroup/docker-abcdef.scope/init/memory.stat', 'anon 2\n');
  const roots = { procDir: join(root, 'proc'), cgroupRoot: join(root, 'cgroup') };
  t.is(await readContainerMemory({ id: 'abcdef', pid: 7 }, roots), 500);
});

test('a container that is gone needs nothing', async (t) => {
  t.is(await readContainerMemory({ id: 'abcdef', pid: 8 }, { procDir: t.context.root }), 0);
  t.is(await readContainerMemory({ id: 'abcdef', pid: 0 }, { procDir: t.context.root }), 0);
});

test('a kernel without pressure files reports none', async (t) => {
  const { root, put } = t.context;
  await put('meminfo', 'MemTotal: 10 kB\nMemAvailable: 4 kB\n');
  const report = await readNodeMemory({ dataDir: root, procDir: root });
  t.is(report.totalBytes, 10240);
  t.is(report.psiSomeAvg10, undefined);
});

test('this machine has memory and disk', async (t) => {
  const report = await readNodeMemory({ dataDir: t.context.root });
  const total = /^MemTotal:\s+(\d+)/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1];
  t.is(report.totalBytes, Number(total) * 1024);
  t.true(report.availableBytes > 0 && report.availableBytes <= report.totalBytes);
  t.true(report.diskFreeBytes > 0);
});

test("this process's own memory is counted by its cgroup", async (t) => {
  t.true((await readContainerMemory({ id: 'none', pid: process.pid })) > 0);
});
