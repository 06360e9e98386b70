import { join } from 'node:path';
import { memoryCgroupOf } from './cgroup-directory.ts';
import { containerMemoryBytes } from './cgroup-memory.ts';
import { readOptional } from './read-optional.ts';

/**
 * Memory in bytes that a running container needs (see containerMemoryBytes), 0 when it runs no longer.
 * `pid` is any of its processes, e.g. State.Pid of its inspect.
 */
export async function readContainerMemory(
  container: { readonly id: string; readonly pid: number },
  roots: { readonly procDir?: string; readonly cgroupRoot?: string } = {},
): Promise<number> {
  const cgroupText = await readOptional(join(roots.procDir ?? '/proc', String(container.pid), 'cgroup'));
  if (container.pid <= 0 || cgroupText === undefined) return 0;
  const cgroup = await memoryCgroupOf({ cgroupText, containerId: container.id }, roots.cgroupRoot);
  return cgroup === undefined ? 0 : containerMemoryBytes(cgroup);
}
