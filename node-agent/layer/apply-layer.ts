import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { access, lstat, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { extract, type Header } from 'tar-stream';
import { z } from 'zod';
import { DroverError } from '../../proto/index.ts';
import { deletedFile, layerArchive } from './layer-files.ts';

const opaque = 'SCHILY.xattr.trusted.overlay.opaque';

/**
 * Brings a container's root file system to what its writable layer was at the source. The archive came from another
 * machine: every path in it is checked before anything is written, and nothing is written through a symbolic link.
 * Throws CHECKPOINT_INVALID, or RESTORE_FAILED when tar fails.
 */
export async function applyLayer(directory: string, root: string): Promise<void> {
  const archive = join(directory, layerArchive);
  if (!(await exists(archive))) return;
  const { directories, opened, others } = await checkArchive(archive);
  for (const path of await readDeleted(join(directory, deletedFile))) await remove(root, path);
  for (const path of opened) await empty(root, path);
  // A directory of the image that something else replaces, and the other way round, has to go first.
  for (const path of others) await removeIf(root, path, true);
  for (const path of directories) await removeIf(root, path, false);
  await unpack(archive, root);
}

interface Contents {
  readonly directories: Set<string>;
  /** Directories whose old content must not show through. */
  readonly opened: string[];
  readonly others: Set<string>;
}

/** Reads the archive through once and writes nothing. */
async function checkArchive(archive: string): Promise<Contents> {
  const contents: Contents = { directories: new Set(), opened: [], others: new Set() };
  const entries = extract();
  entries.on('entry', (header, stream, next) => {
    try {
      check(header, contents);
    } catch (error) {
      next(error as Error);
      return;
    }
    stream.on('end', next);
    stream.resume();
  });
  await pipeline(createReadStream(archive), entries);
  return contents;
}

function check(header: Header, { directories, opened, others }: Contents): void {
  const path = plain(header.name);
  const within = (candidate: string) => dirname(candidate) === '.' || directories.has(dirname(candidate));
  if (directories.has(path) || others.has(path)) throw invalid(`${path} is there twice`);
  if (!within(path)) throw invalid(`${path} lies in a directory that the archive does not have`);
  if (header.type === 'link' && !others.has(plain(header.linkname ?? ''))) {
    throw invalid(`${path} is a link to something that the archive does not have`);
  }
  if (header.type === 'block-device' || header.type === 'character-device') throw invalid(`${path} is a device`);
  if (header.type !== 'directory') others.add(path);
  else directories.add(path);
  if (Object.hasOwn(header.pax ?? {}, opaque)) opened.push(path);
}

// "./a/b/" and "a/b" are one path; what leaves the root is none.
function plain(name: string): string {
  const path = normalize(name).replace(/\/$/, '');
  if (path.startsWith('/') || path === '..' || path.startsWith('../') || path === '') {
    throw invalid(`it names a path outside the container: ${JSON.stringify(name)}`);
  }
  return path;
}

async function readDeleted(file: string): Promise<string[]> {
  const parsed = z.array(z.string().min(1)).safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (!parsed.success) throw invalid('its list of deleted files cannot be read');
  return parsed.data.map(plain);
}

// Only through real directories, so that a link in the image cannot lead the deletion elsewhere.
async function remove(root: string, path: string): Promise<void> {
  let at = root;
  for (const part of dirname(path).split('/')) {
    at = join(at, part);
    const found = await lstat(at).catch(() => undefined);
    if (found === undefined) return;
    if (!found.isDirectory()) throw invalid(`${path} lies behind something that is no directory`);
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

function invalid(why: string): DroverError {
  return new DroverError('CHECKPOINT_INVALID', `The container's files cannot be used: ${why}.`);
}
