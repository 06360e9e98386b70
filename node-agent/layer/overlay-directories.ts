import { DroverError } from '../../proto/index.ts';
import type { ContainerInspectInfo } from '../docker/engine-port.ts';

/** Where overlay2 keeps what a container changed. Throws NOT_SUPPORTED for other storage drivers. */
export function upperDirectoryOf(inspect: ContainerInspectInfo): string {
  return directory(inspect, 'UpperDir');
}

/** Where a container's root file system is mounted while it is started. Throws NOT_SUPPORTED. */
export function rootDirectoryOf(inspect: ContainerInspectInfo): string {
  return directory(inspect, 'MergedDir');
}

function directory({ GraphDriver, Driver }: ContainerInspectInfo, name: 'UpperDir' | 'MergedDir'): string {
  const path = (GraphDriver?.Data as Record<string, string> | undefined)?.[name];
  if (path?.startsWith('/')) return path;
  throw new DroverError(
    'NOT_SUPPORTED',
    `The storage driver ${Driver} does not say where a container's files are; use overlay2.`,
  );
}
