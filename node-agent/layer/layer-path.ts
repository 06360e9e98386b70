import { normalize } from 'node:path';
import { DroverError } from '../../proto/index.ts';

/** A path of a layer in its one form: "./a/b/" is "a/b". Throws CHECKPOINT_INVALID for what is not below the root. */
export function layerPath(name: string): string {
  const path = normalize(name).replace(/\/$/, '');
  const isOutside = path.startsWith('/') || path === '..' || path.startsWith('../');
  if (isOutside || path === '' || path === '.' || path.includes('\0')) {
    throw invalidLayer(`they name a path that is not below the container's root: ${JSON.stringify(name)}`);
  }
  return path;
}

/** Why a layer cannot be used, as the end of a sentence. */
export function invalidLayer(why: string, cause?: unknown): DroverError {
  return new DroverError('CHECKPOINT_INVALID', `The container's files cannot be used: ${why}.`, { cause });
}
