import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Of a container's tasks, those that entered it from outside (`docker exec`, a health check): CRIU cannot dump them,
 * since their parent is not in the container. Everything else descends from init.
 */
export async function execTasks(init: number, tasks: readonly number[], procDir = '/proc'): Promise<number[]> {
  const members = new Set(tasks);
  const entered: number[] = [];
  for (const task of tasks) {
    const parent = await parentOf(task, procDir);
    if (task !== init && parent !== undefined && !members.has(parent)) entered.push(task);
  }
  return entered;
}

async function parentOf(pid: number, procDir: string): Promise<number | undefined> {
  const stat = await readFile(join(procDir, String(pid), 'stat'), 'utf8').catch(() => undefined);
  // The command stands in brackets and may hold anything; the state and the parent follow the last one.
  const parent = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
  return parent === undefined ? undefined : Number(parent);
}
