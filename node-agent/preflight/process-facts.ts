import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryCgroupOf } from '../memory/cgroup-directory.ts';
import { readOptional } from '../memory/read-optional.ts';
import { type ListeningSocket, listeningSockets } from './listening-sockets.ts';
import { mayReadForeignLimits } from './own-capabilities.ts';

/** What only the kernel knows of a container's processes. */
export interface ProcessFacts {
  /** Commands that hold an io_uring open. */
  readonly ioUring: readonly string[];
  /** Users whose processes CRIU may not read here; none where the agent has CAP_SYS_RESOURCE, as root mostly has. */
  readonly lockedUsers: readonly number[];
  /** Only sockets of the container's own: Docker's name server listens in its network as well. */
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
  if (container.pid <= 0) return { ioUring: [], lockedUsers: [], listening: [] };
  const procDir = roots.procDir ?? '/proc';
  const processes = await processesOf(container, roots);
  const held = await Promise.all(processes.map((pid) => openFilesOf(pid, procDir)));
  const uring = held.filter(({ files }) => files.has('anon_inode:[io_uring]'));
  const listening = await listeningSockets(container.pid, procDir);
  return {
    ioUring: await Promise.all(uring.map(({ pid }) => commandOf(pid, procDir))),
    lockedUsers: (await mayReadForeignLimits(procDir)) ? [] : await foreignUsers(processes, procDir),
    listening: listening.filter(({ inode }) => held.some(({ files }) => files.has(`socket:[${inode}]`))),
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
async function openFilesOf(pid: number, procDir: string): Promise<{ pid: number; files: ReadonlySet<string> }> {
  const directory = join(procDir, String(pid), 'fd');
  const descriptors = await readdir(directory).catch(() => []);
  const links = await Promise.all(descriptors.map((name) => readlink(join(directory, name)).catch(() => '')));
  return { pid, files: new Set(links) };
}

async function commandOf(pid: number, procDir: string): Promise<string> {
  const command = await readFile(join(procDir, String(pid), 'comm'), 'utf8').catch(() => '');
  return command.trim() || `process ${pid}`;
}

// Users other than root that run any of the processes.
async function foreignUsers(processes: readonly number[], procDir: string): Promise<number[]> {
  const users = processes.map(async (pid) => {
    const status = (await readOptional(join(procDir, String(pid), 'status'))) ?? '';
    return Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? 0);
  });
  return [...new Set(await Promise.all(users))].filter((user) => user !== 0);
}
