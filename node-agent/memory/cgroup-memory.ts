import { dirname, join } from 'node:path';
import { cgroupRoot, type MemoryCgroup } from './cgroup-directory.ts';
import { readOptional } from './read-optional.ts';

/** Memory of a cgroup with everything below it, in bytes. */
export interface CgroupMemory {
  /** The lowest limit of the cgroup and its ancestors; undefined when nothing limits it. */
  readonly limitBytes: number | undefined;
  /** What would not be given back under pressure: usage without the inactive page cache. */
  readonly usedBytes: number;
}

// Version 1 says "no limit" by the largest number of whole pages in 63 bits.
const unlimited = 2 ** 60;

export async function readCgroupMemory(cgroup: MemoryCgroup): Promise<CgroupMemory> {
  return cgroup.version === 1 ? readVersion1(cgroup.directory) : readVersion2(cgroup.directory);
}

/**
 * Memory that a container needs wherever it runs, in bytes: anonymous, shared and kernel memory, and what of it is
 * swapped out. Page cache is left out: it is not part of a checkpoint, and the kernel gives it up first.
 */
export async function containerMemoryBytes(cgroup: MemoryCgroup): Promise<number> {
  const read = (name: string) => readOptional(join(cgroup.directory, name));
  const stat = parseStat((await read('memory.stat')) ?? '');
  if (cgroup.version === 1) {
    const kernel = parseSize(await read('memory.kmem.usage_in_bytes')) ?? 0;
    return sum(stat, ['total_rss', 'total_shmem', 'total_swap']) + kernel;
  }
  const kernel = stat.get('kernel') ?? sum(stat, ['kernel_stack', 'pagetables', 'slab', 'sock']);
  return sum(stat, ['anon', 'shmem']) + kernel + (parseSize(await read('memory.swap.current')) ?? 0);
}

/** Reads a memory.stat. */
export function parseStat(text: string): ReadonlyMap<string, number> {
  const pairs = [...text.matchAll(/^(\w+) (\d+)$/gm)];
  return new Map(pairs.map(([, name = '', value]) => [name, Number(value)]));
}

/** Reads a size file; undefined when it is absent or says that there is no limit. */
export function parseSize(text: string | undefined): number | undefined {
  const value = Number(text?.trim() || Number.NaN);
  return Number.isFinite(value) && value < unlimited ? value : undefined;
}

async function readVersion1(directory: string): Promise<CgroupMemory> {
  const stat = parseStat((await readOptional(join(directory, 'memory.stat'))) ?? '');
  const own = parseSize(await readOptional(join(directory, 'memory.limit_in_bytes')));
  const inherited = parseSize(String(stat.get('hierarchical_memory_limit')));
  const usage = parseSize(await readOptional(join(directory, 'memory.usage_in_bytes'))) ?? 0;
  return {
    limitBytes: lowest([own, inherited]),
    usedBytes: Math.max(0, usage - (stat.get('total_inactive_file') ?? 0)),
  };
}

async function readVersion2(directory: string): Promise<CgroupMemory> {
  const stat = parseStat((await readOptional(join(directory, 'memory.stat'))) ?? '');
  const current = parseSize(await readOptional(join(directory, 'memory.current'))) ?? 0;
  const limits = ancestors(directory).map(async (dir) => parseSize(await readOptional(join(dir, 'memory.max'))));
  return {
    limitBytes: lowest(await Promise.all(limits)),
    usedBytes: Math.max(0, current - (stat.get('inactive_file') ?? 0)),
  };
}

// The root of the hierarchy has no memory.max, so going one directory too far does no harm.
function ancestors(directory: string): string[] {
  const above = dirname(directory);
  return directory === cgroupRoot || above === directory ? [directory] : [directory, ...ancestors(above)];
}

function lowest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function sum(stat: ReadonlyMap<string, number>, names: readonly string[]): number {
  return names.reduce((total, name) => total + (stat.get(name) ?? 0), 0);
}
