import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { DroverError } from '../../proto/index.ts';

export const cgroupRoot = '/sys/fs/cgroup';

/** A memory cgroup: its directory and the version of its files. */
export interface MemoryCgroup {
  readonly directory: string;
  readonly version: 1 | 2;
}

/**
 * The memory cgroup that an operator named, as a directory below /sys/fs/cgroup or as the path of the cgroup itself,
 * e.g. /drover/edge-1. Rejects BAD_USAGE when there is none.
 */
export async function findMemoryCgroup(path: string, root = cgroupRoot): Promise<MemoryCgroup> {
  const candidates = path.startsWith(`${root}/`) ? [path] : [join(root, 'memory', path), join(root, path)];
  for (const directory of candidates) {
    if (await exists(join(directory, 'memory.limit_in_bytes'))) return { directory, version: 1 };
    if (await exists(join(directory, 'memory.current'))) return { directory, version: 2 };
  }
  const message = `There is no memory cgroup ${path}: create it first, or leave --memory-cgroup out.`;
  throw new DroverError('BAD_USAGE', message);
}

/**
 * The memory cgroup of a container, found by one of its processes. Undefined when the process is gone.
 * A container may have made cgroups of its own below; the one that carries its id holds them all.
 */
export async function memoryCgroupOf(
  process: { readonly cgroupText: string; readonly containerId: string },
  root = cgroupRoot,
): Promise<MemoryCgroup | undefined> {
  const { v1, v2 } = parseProcessCgroups(process.cgroupText);
  const path = v1 ?? v2;
  if (path === undefined) return undefined;
  return findMemoryCgroup(upToContainer(path, process.containerId), root).catch(() => undefined);
}

/** Reads the text of /proc/PID/cgroup: the path in version 1's memory hierarchy and in version 2's only one. */
export function parseProcessCgroups(text: string): { v1: string | undefined; v2: string | undefined } {
  const lines = text.split('\n').map((line) => /^(\d+):([^:]*):(.*)$/.exec(line));
  const v1 = lines.find((line) => line?.[2]?.split(',').includes('memory'))?.[3];
  const v2 = lines.find((line) => line?.[1] === '0' && line[2] === '')?.[3];
  return { v1, v2 };
}

function upToContainer(path: string, containerId: string): string {
  const parts = path.split('/');
  const at = parts.findIndex((part) => part.includes(containerId));
  return at < 0 ? path : parts.slice(0, at + 1).join('/');
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
