import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DroverError } from '../../proto/index.ts';
import type { RuntimePaths } from './paths.ts';

/** The part of a `runc` call that says which container of which engine. */
export interface RuncTarget {
  readonly root: string;
  /** Docker passes --systemd-cgroup on systems that run systemd; both ends of a checkpoint must do the same. */
  readonly systemdCgroup: boolean;
  readonly containerId: string;
}

/** Finds the state root under which Docker runs a container: /run/docker/runtime-NAME/moby. Throws CONTAINER_NOT_FOUND. */
export async function findRuncTarget(
  paths: RuntimePaths,
  container: { containerId: string; systemdCgroup: boolean },
): Promise<RuncTarget> {
  const runtimes = await readdir(paths.dockerRuntimes).catch(() => []);
  for (const runtime of runtimes.filter((name) => name.startsWith('runtime-'))) {
    const root = join(paths.dockerRuntimes, runtime, 'moby');
    const found = await access(join(root, container.containerId, 'state.json')).then(
      () => true,
      () => false,
    );
    if (found) return { root, ...container };
  }
  throw new DroverError('CONTAINER_NOT_FOUND', 'The container runtime does not know this container; is it running?', {
    details: { container: container.containerId },
  });
}

/**
 * Arguments of `runc checkpoint`. `--manage-cgroups-mode ignore` on both ends keeps memory accounting right and lets a
 * container move more than once; `--empty-ns network` leaves the network to the engine on the other side.
 */
export function checkpointArguments(target: RuncTarget, directories: { images: string; work: string }): string[] {
  return [
    '--root',
    target.root,
    ...(target.systemdCgroup ? ['--systemd-cgroup'] : []),
    'checkpoint',
    '--tcp-established',
    // A connection that nobody has accepted yet cannot be dumped; its client connects again.
    '--tcp-skip-in-flight',
    '--manage-cgroups-mode',
    'ignore',
    '--empty-ns',
    'network',
    '--image-path',
    directories.images,
    '--work-path',
    directories.work,
    target.containerId,
  ];
}
