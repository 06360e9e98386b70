import { execFile } from 'node:child_process';
import { access, lstat, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { DroverError } from '../../proto/index.ts';
import { archiveContents } from './archive-contents.ts';
import { deletedFile, layerArchive } from './layer-files.ts';
import { invalidLayer, layerPath } from './layer-path.ts';

/**
 * Brings a container's root file system to what its writable layer was at the source. The archive came from another
 * machine: every path in it is checked before anything is written, and nothing is written through a symbolic link.
 * Throws CHECKPOINT_INVALID, or RESTORE_FAILED when tar fails.
 */
export async function applyLayer(directory: string, root: string): Promise<void> {
  const archive = join(directory, layerArchive);
  if (!(await exists(archive))) return;
  const { directories, opened, others } = await archiveContents(archive);
  for (const path of await readDeleted(join(directory, deletedFile))) await remove(root, path);
  // What a directory of the layer replaces goes first, so that no link of the image is in the way of what follows.
  for (const path of directories) await removeIf(root, path, false);
  for (const path of opened) await empty(root, path);
  for (const path of others) await removeIf(root, path, true);
  await unpack(archive, root);
}

async function readDeleted(file: string): Promise<string[]> {
  return parseDeleted(await readFile(file, 'utf8').catch(() => '')).map(layerPath);
}

function parseDeleted(text: string): string[] {
  try {
    return z.array(z.string()).parse(JSON.parse(text));
  } catch (error) {
    throw invalidLayer('their list of deleted files cannot be read', error);
  }
}

// Only through real directories, so that a link in the image cannot lead the deletion elsewhere.
async function remove(root: string, path: string): Promise<void> {
  let at = root;
  for (const part of dirname(path).split('/')) {
    at = join(at, part);
    const found = await lstat(at).catch(() => undefined);
    if (found === undefined) return;
    if (!found.isDirectory()) throw invalidLayer(`${path} lies behind something that is no directory`);
  }
  await rm(join(root, path), { recursive: true, force: true });
}

async function removeIf(root: string, path: string, isDirectory: boolean): Promise<void> {
  const found = await lstat(join(root, path)).catch(() => undefined);
  if (found !== undefined && found.isDirectory() === isDirectory) await remove(root, path);
}

async function empty(root: string, path: string): Promise<void> {
  const names = await readdir(join(root, path)).catch(() => []);
  for (const name of names) await remove(root, join(path, name));
}

async function unpack(archive: string, root: string): Promise<void> {
  const options = [
    '--extract',
    '--file',
    archive,
    '--directory',
    root,
    '--numeric-owner',
    '--same-owner',
    '--same-permissions',
  ];
  const attributes = ['--xattrs', '--xattrs-include=*', '--xattrs-exclude=trusted.overlay.*'];
  try {
    await promisify(execFile)('tar', [...options, ...attributes], { maxBuffer: 1 << 20 });
  } catch (cause) {
    throw new DroverError('RESTORE_FAILED', 'The files that the container had changed could not be put in place.', {
      cause,
    });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
