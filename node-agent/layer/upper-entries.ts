import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** What a container changed in its image's files: paths relative to its root, parents before children. */
export interface UpperEntries {
  /** Files, directories and all else that was added or changed. */
  readonly present: readonly string[];
  /** What was deleted: overlayfs marks it with a character device 0/0. */
  readonly deleted: readonly string[];
}

/** Walks the upper directory of an overlay file system. */
export async function upperEntries(upper: string): Promise<UpperEntries> {
  const present: string[] = [];
  const deleted: string[] = [];
  const walk = async (directory: string): Promise<void> => {
    for (const entry of await readdir(join(upper, directory), { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isCharacterDevice() && (await lstat(join(upper, path))).rdev === 0) deleted.push(path);
      else present.push(path);
      if (entry.isDirectory()) await walk(path);
    }
  };
  await walk('');
  return { present, deleted };
}
