import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ManifestFacts, readChunks } from '../../node-agent/checkpoint/chunk-reader.ts';
import { chunkSize, digestOf } from '../../node-agent/checkpoint/format.ts';
import type { Chunk, Manifest } from '../../proto/index.ts';

export const facts: ManifestFacts = { workload: 'web', epoch: 5 };

/** Files by their paths in a checkpoint, e.g. images/pages-1.img. */
export type Files = Readonly<Record<string, Buffer>>;

export async function writeFiles(directory: string, files: Files): Promise<void> {
  for (const [path, data] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), data);
  }
}

/** Every file below a directory, by its path. */
export async function readFiles(directory: string): Promise<Record<string, Buffer>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const read = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    return [path.slice(directory.length + 1), await readFile(path)] as const;
  });
  return Object.fromEntries((await Promise.all(read)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Names and digests of files: large ones are compared by these. */
export function digestsOf(files: Files): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([path, data]) => [path, digestOf(data).toString('hex')]));
}

/** Everything that the reader says of a complete directory. */
export async function readCheckpoint(directory: string): Promise<{ chunks: Chunk[]; manifest: Manifest }> {
  const chunks: Chunk[] = [];
  for await (const item of readChunks(directory, Promise.resolve(), facts)) {
    if ('manifest' in item) return { chunks, manifest: item.manifest };
    chunks.push(item.chunk);
  }
  throw new Error('there was no manifest');
}

/** A checkpoint as it would be sent, without a directory behind it. */
export function aCheckpoint(files: Files): { chunks: Chunk[]; manifest: Manifest } {
  const chunks = Object.entries(files).flatMap(([path, data]) => chunksOf(path, data));
  const entries = Object.entries(files).map(([path, data]) => ({
    path,
    size: data.length,
    digests: chunksOf(path, data).map(({ digest }) => digest),
  }));
  return { chunks, manifest: { version: 1, chunkSize, files: entries, ...facts } };
}

export function chunksOf(path: string, data: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  for (let offset = 0; offset < data.length; offset += chunkSize) chunks.push(aChunk(path, offset, data));
  return chunks;
}

function aChunk(path: string, offset: number, file: Buffer): Chunk {
  const data = file.subarray(offset, offset + chunkSize);
  return { path, offset, digest: digestOf(data), data };
}

export const someBytes = (length: number): Buffer => randomBytes(length);

/** Files below a directory that this process holds open. */
export async function openFilesBelow(directory: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd');
  const targets = descriptors.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => ''));
  return (await Promise.all(targets)).filter((target) => target.startsWith(`${directory}/`));
}
