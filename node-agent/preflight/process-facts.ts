import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryCgroupOf } from '../memory/cgroup-directory.ts';
import { readOptional } from '../memory/read-optional.ts';
import { type ListeningSocket, listeningSockets } from './listening-sockets.ts';

/** What only the kernel knows of a container's processes. */
export interface ProcessFacts {
  /** Commands that hold an io_uring open. */
  readonly ioUring: readonly string[];
  readonly listening: readonly ListeningSocket[];
}

export interface ProcessRoots {
  readonly procDir?: string;
  readonly cgroupRoot?: string;
}

/** Reads /proc of every process of a container. A container that does not run has no facts. */
export async function gatherProcessFacts(
  container: { readonly id: string; readonly pid: number },
  roots: ProcessRoots = {},
): Promise<ProcessFacts> {
  if (container.pid <= 0) return { ioUring: [], listening: [] };
  const procDir = roots.procDir ?? '/proc';
  const processes = await processesOf(container, roots);
  const ioUring = await Promise.all(processes.map((pid) => commandIfIoUring(pid, procDir)));
  return {
    ioUring: ioUring.filter((command) => command !== undefined),
    listening: await listeningSockets(container.pid, procDir),
  };
}

/** Ids of all processes of a container, those in cgroups of its own making included. */
export async function processesOf(
  container: { readonly id: string; readonly pid: number },
  { procDir = '/proc', cgroupRoot }: ProcessRoots = {},
): Promise<number[]> {
  const cgroupText = await readOptional(join(procDir, String(container.pid), 'cgroup'));
  if (cgroupText === undefined) return [];
  const cgroup = await memoryCgroupOf({ cgroupText, containerId: container.id }, cgroupRoot);
  const found = cgroup === undefined ? [] : await processesBelow(cgroup.directory);
  return found.length === 0 ? [container.pid] : found;
}

async function processesBelow(directory: string): Promise<number[]> {
  const own = ((await readOptional(join(directory, 'cgroup.procs'))) ?? '').split('\n').filter((line) => line !== '');
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => processesBelow(join(directory, name)));
  return [...own.map(Number), ...(await Promise.all(below)).flat()];
}

// A process may end while it is being looked at; then it holds nothing.
async function commandIfIoUring(pid: number, procDir: string): Promise<string | undefined> {
  const directory = join(procDir, String(pid));
  const descriptors = await readdir(join(directory, 'fd')).catch(() => []);
  const links = descriptors.map((name) => readlink(join(directory, 'fd', name)).catch(() => ''));
  if (!(await Promise.all(links)).includes('anon_inode:[io_uring]')) return undefined;
  const command = await readFile(join(directory, 'comm'), 'utf8').catch(() => '');
  return command.trim() || `process ${pid}`;
}
