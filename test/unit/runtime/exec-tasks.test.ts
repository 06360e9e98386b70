import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execTasks } from '../../../node-agent/runtime/exec-tasks.ts';
import { temporaryDirectory } from '../../support/tls.ts';

// A /proc in which each process has this parent.
async function aProc(t: ExecutionContext, parents: Readonly<Record<number, number | string>>): Promise<string> {
  const directory = await temporaryDirectory(t);
  for (const [pid, parent] of Object.entries(parents)) {
    await mkdir(join(directory, pid));
    const stat = typeof parent === 'string' ? parent : `${pid} (node) S ${parent} 1 1 0 -1 4194560 1 2 3`;
    await writeFile(join(directory, pid, 'stat'), stat);
  }
  return directory;
}

test('what descends from init is the container’s own, however deep', async (t) => {
  const proc = await aProc(t, { 10: 1, 11: 10, 12: 11, 13: 12 });
  t.deepEqual(await execTasks(10, [10, 11, 12, 13], proc), []);
});

test('what has its parent outside came from outside; its children are its own affair', async (t) => {
  const proc = await aProc(t, { 10: 1, 11: 10, 20: 2, 21: 20 });
  t.deepEqual(await execTasks(10, [10, 11, 20, 21], proc), [20]);
});

test('init itself has its parent outside, and is no intruder', async (t) => {
  t.deepEqual(await execTasks(10, [10], await aProc(t, { 10: 1 })), []);
});

test('a command may be called anything', async (t) => {
  const proc = await aProc(t, { 10: 1, 11: '11 (a) b) S 99 (x) S 10 1 1', 12: '12 () R 77) S 10 1 1' });
  t.deepEqual(await execTasks(10, [10, 11, 12], proc), []);
});

test('a task that ends while it is looked at is no reason to wait', async (t) => {
  const proc = await aProc(t, { 10: 1, 11: '' });
  t.deepEqual(await execTasks(10, [10, 11, 12], proc), []);
});
