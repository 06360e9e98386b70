import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { DroverError } from '../../proto/index.ts';
import { invalidLayer, layerPath } from './layer-path.ts';

/** What an archive would write, as paths below the root. A directory stands before what lies in it. */
export interface ArchiveContents {
  readonly directories: Set<string>;
  /** Directories whose old content must not show through. */
  readonly opened: string[];
  readonly others: Set<string>;
}

// What tar-stream says of an entry and its types do not know of.
interface EntryHeader extends Header {
  /** Where its data begins in the archive. */
  readonly byteOffset: number;
  readonly pax: Readonly<Record<string, string>> | null;
}

const opaque = 'SCHILY.xattr.trusted.overlay.opaque';
const types: ReadonlySet<unknown> = new Set(['file', 'directory', 'symlink', 'link', 'fifo']);
const attributes =
  /^(path|linkpath|size|[amc]time|[ug]id|[ug]name|SCHILY\.xattr\..+|GNU\.sparse\.(major|minor|name|realsize))$/s;
const block = 512;

/**
 * Reads an archive that came from another machine through once, and writes nothing. Throws CHECKPOINT_INVALID.
 *
 * INVARIANT: what passes is so plain that `tar`, which unpacks it as root, cannot read it in another way: only posix
 * headers, no entry without a directory of its own before it, none through a link, nothing twice.
 */
export async function archiveContents(archive: string): Promise<ArchiveContents> {
  const contents: ArchiveContents = { directories: new Set(), opened: [], others: new Set() };
  const file = await open(archive);
  const entries = extract();
  const read = pipeline(createReadStream(archive), entries);
  read.catch(() => undefined);
  try {
    let end = 0;
    for await (const entry of entries) {
      const header = entry.header as EntryHeader;
      await requirePosixHeaders(file, end, header);
      check(header, contents);
      end = header.byteOffset + blocks(header.size);
      entry.resume();
    }
    await read;
  } catch (error) {
    throw error instanceof DroverError ? error : invalidLayer('their archive is damaged', error);
  } finally {
    await file.close();
  }
  return contents;
}

// Between two entries there may be one extended header of the posix kind. What GNU has besides, readers understand in
// ways that differ.
async function requirePosixHeaders(file: FileHandle, from: number, { byteOffset }: EntryHeader): Promise<void> {
  const gap = byteOffset - block - from;
  if (gap === 0) return;
  const { buffer } = await file.read(Buffer.alloc(block), 0, block, from);
  const size = Number.parseInt(buffer.toString('latin1', 124, 136), 8);
  if (buffer.toString('latin1', 156, 157) === 'x' && gap === block + blocks(size)) return;
  throw invalidLayer('their archive has headers of an unknown kind');
}

function blocks(size: number): number {
  return Math.ceil(size / block) * block;
}

function check(header: EntryHeader, { directories, opened, others }: ArchiveContents): void {
  const path = requirePlain(header);
  if (directories.has(path) || others.has(path)) throw invalidLayer(`${path} is there twice`);
  if (dirname(path) !== '.' && !directories.has(dirname(path))) {
    throw invalidLayer(`${path} lies in a directory that the archive does not have`);
  }
  if (header.type === 'link' && !others.has(layerPath(header.linkname ?? ''))) {
    throw invalidLayer(`${path} is a link to something that the archive does not have`);
  }
  if (header.type !== 'directory') others.add(path);
  else directories.add(path);
  if (header.type === 'directory' && Object.hasOwn(header.pax ?? {}, opaque)) opened.push(path);
}

// The name under which `tar` will write it.
function requirePlain({ name, type, size, pax }: EntryHeader): string {
  const real = pax?.['GNU.sparse.name'] ?? name;
  const path = layerPath(real);
  if (!types.has(type)) throw invalidLayer(`${path} is of a kind that cannot be carried: ${type ?? 'unknown'}`);
  if (type !== 'directory' && real.endsWith('/')) throw invalidLayer(`${path} has the name of a directory`);
  if (type !== 'file' && size > 0) throw invalidLayer(`${path} carries data, and is no file`);
  const strange = Object.entries(pax ?? {}).find(([key, value]) => !attributes.test(key) || !isNumeric(key, value));
  if (strange !== undefined) throw invalidLayer(`${path} has an attribute that is not known: ${strange[0]}`);
  return path;
}

function isNumeric(key: string, value: string): boolean {
  return key !== 'size' || /^\d{1,16}$/.test(value);
}
