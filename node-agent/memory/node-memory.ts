import { readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { MemoryReport } from '../../proto/index.ts';
import type { MemoryCgroup } from './cgroup-directory.ts';
import { type CgroupMemory, readCgroupMemory } from './cgroup-memory.ts';
import { type Meminfo, parseMeminfo } from './meminfo.ts';
import { parsePressure } from './pressure.ts';
import { readOptional } from './read-optional.ts';

export interface NodeMemorySource {
  /** The cgroup that is the node's memory; the whole machine when absent. */
  readonly cgroup?: MemoryCgroup | undefined;
  /** A directory on the file system whose free space counts. */
  readonly dataDir: string;
  /** Defaults to /proc. */
  readonly procDir?: string;
}

/** Memory and disk of this node now. */
export async function readNodeMemory({ cgroup, dataDir, procDir = '/proc' }: NodeMemorySource): Promise<MemoryReport> {
  const machine = parseMeminfo(await readFile(join(procDir, 'meminfo'), 'utf8'));
  const lent = cgroup && (await readCgroupMemory(cgroup));
  const pressure = parsePressure((await readPressure(cgroup, procDir)) ?? '');
  return {
    ...memoryOf(machine, lent),
    ...(pressure && { psiSomeAvg10: pressure.someAvg10, psiFullAvg10: pressure.fullAvg10 }),
    diskFreeBytes: await diskFreeBytes(dataDir),
  };
}

/** A node's memory out of the machine's and of the cgroup that it may be confined to. Pure. */
export function memoryOf(
  machine: Meminfo,
  cgroup: CgroupMemory | undefined,
): Pick<MemoryReport, 'totalBytes' | 'availableBytes' | 'swapTotalBytes' | 'swapFreeBytes'> {
  const limit = cgroup?.limitBytes;
  if (cgroup === undefined || limit === undefined || limit >= machine.totalBytes) return machine;
  // A limit promises nothing: what the machine itself lacks is not available either.
  const free = Math.min(Math.max(0, limit - cgroup.usedBytes), machine.availableBytes);
  return { ...machine, totalBytes: limit, availableBytes: free };
}

/** Bytes that an unprivileged process may still write to the file system of a directory. */
export async function diskFreeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

// Version 1 has no pressure of its own: the machine's is the nearest that can be known.
async function readPressure(cgroup: MemoryCgroup | undefined, procDir: string): Promise<string | undefined> {
  const own = cgroup?.version === 2 ? await readOptional(join(cgroup.directory, 'memory.pressure')) : undefined;
  return own ?? (await readOptional(join(procDir, 'pressure', 'memory')));
}
