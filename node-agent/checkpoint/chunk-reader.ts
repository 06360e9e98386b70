import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chunk, FileEntry, Manifest } from '../../proto/index.ts';
import { chunkSize, digestOf, formatVersion, parts } from './format.ts';

/** What a manifest says besides its files. */
export interface ManifestFacts {
  readonly workload: string;
  readonly epoch: number;
}

// CRIU only ever appends to these, and they are nearly all of a checkpoint.
const growing = /^pages-\d+\.img$/;

// How often a growing file is looked at. Short against the dump, long against a stat.
const pollMs = 4;

interface OpenFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly digests: Buffer[];
  offset: number;
}

/**
 * Reads a checkpoint as chunks while it is still being dumped, and its manifest at the end.
 * Holds one chunk in memory at a time; the caller's pace is the reader's pace.
 *
 * `complete` resolves when every file is whole; its rejection ends the reading with the same error.
 */
export async function* readChunks(
  directory: string,
  complete: Promise<void>,
  facts: ManifestFacts,
): AsyncGenerator<{ chunk: Chunk } | { manifest: Manifest }> {
  const files = new Map<string, OpenFile>();
  let done = false;
  const finished = complete.then(() => {
    done = true;
  });
  finished.catch(() => undefined);
  try {
    while (!done) {
      for (const path of await list(directory, parts.images, growing)) {
        yield* wholeChunks(await openFile(files, directory, path));
      }
      await Promise.race([finished, sleep(pollMs)]);
    }
    for (const part of Object.values(parts)) {
      for (const path of await list(directory, part)) yield* remainder(await openFile(files, directory, path));
    }
    yield { manifest: manifestOf(files.values(), facts) };
  } finally {
    for (const file of files.values()) await file.handle.close();
  }
}

async function list(directory: string, part: string, pattern?: RegExp): Promise<string[]> {
  const names = await readdir(join(directory, part)).catch(() => []);
  return names.filter((name) => pattern?.test(name) ?? true).map((name) => `${part}/${name}`);
}

async function openFile(files: Map<string, OpenFile>, directory: string, path: string): Promise<OpenFile> {
  const known = files.get(path);
  if (known !== undefined) return known;
  const file = { path, handle: await open(join(directory, path), 'r'), digests: [], offset: 0 };
  files.set(path, file);
  return file;
}

async function* wholeChunks(file: OpenFile): AsyncGenerator<{ chunk: Chunk }> {
  const { size } = await file.handle.stat();
  while (file.offset + chunkSize <= size) yield { chunk: await nextChunk(file, chunkSize) };
}

async function* remainder(file: OpenFile): AsyncGenerator<{ chunk: Chunk }> {
  const { size } = await file.handle.stat();
  while (file.offset < size) yield { chunk: await nextChunk(file, Math.min(chunkSize, size - file.offset)) };
}

async function nextChunk(file: OpenFile, length: number): Promise<Chunk> {
  const data = Buffer.allocUnsafeSlow(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file.handle.read(data, filled, length - filled, file.offset + filled);
    if (bytesRead === 0) throw new Error(`${file.path} became shorter while it was read`);
    filled += bytesRead;
  }
  const digest = digestOf(data);
  const chunk = { path: file.path, offset: file.offset, digest, data };
  file.digests.push(digest);
  file.offset += length;
  return chunk;
}

function manifestOf(files: Iterable<OpenFile>, facts: ManifestFacts): Manifest {
  const entries: FileEntry[] = [...files].map(({ path, offset, digests }) => ({ path, size: offset, digests }));
  return { version: formatVersion, chunkSize, files: entries, ...facts };
}
