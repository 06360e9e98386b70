import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import { extract, type Header, pack } from 'tar-stream';
import { temporaryDirectory } from './tls.ts';

export interface Entry extends Partial<Omit<Header, 'pax'>> {
  readonly name: string;
  readonly content?: string;
  /** Attributes of an extended header, e.g. SCHILY.xattr.user.note. */
  readonly pax?: Readonly<Record<string, string>>;
}

/** Directories of one test: a layer as it came over the wire, a root file system to apply it to, and what lies outside. */
export interface LayerPlaces {
  readonly layer: string;
  readonly root: string;
  readonly outside: string;
}

export async function layerPlaces(t: ExecutionContext): Promise<LayerPlaces> {
  const base = await temporaryDirectory(t);
  const [layer, root, outside] = ['layer', 'root', 'outside'].map((name) => join(base, name)) as [
    string,
    string,
    string,
  ];
  for (const directory of [layer, root, outside]) await mkdir(directory);
  await writeFile(join(outside, 'secret'), 'untouched');
  return { layer, root, outside };
}

/** Writes a layer of these entries, and its list of deleted files. */
export async function writeLayer(layer: string, entries: readonly Entry[], deleted: readonly string[] = []) {
  const archive = pack();
  for (const { content, ...header } of entries) archive.entry(header as Header, content ?? '');
  archive.finalize();
  await pipeline(archive, createWriteStream(join(layer, 'rootfs-diff.tar')));
  await writeFile(join(layer, 'deleted.files'), JSON.stringify(deleted));
}

/** Bytes of one entry as no decent archiver makes them. `kind` is the type flag, e.g. "1" for a hard link. */
export function rawEntry(header: { name: string; kind: string; link?: string; size?: number }, data = ''): Buffer {
  const block = Buffer.alloc(512);
  block.write(header.name, 0);
  block.write('0000644\x000000000\x000000000\x00', 100);
  block.write((header.size ?? data.length).toString(8).padStart(11, '0'), 124);
  block.write('00000000000', 136);
  block.write(`        ${header.kind}${header.link ?? ''}`, 148);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([block, Buffer.from(data), Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

/** Writes a layer of such entries. */
export async function writeRawLayer(layer: string, entries: readonly Buffer[]): Promise<void> {
  await writeFile(join(layer, 'rootfs-diff.tar'), Buffer.concat([...entries, Buffer.alloc(1024)]));
  await writeFile(join(layer, 'deleted.files'), '[]');
}

/** The headers of a layer's archive. */
export async function readLayer(layer: string): Promise<Header[]> {
  const headers: Header[] = [];
  const entries = extract();
  entries.on('entry', (header, stream, next) => {
    headers.push(header);
    stream.on('end', next);
    stream.resume();
  });
  await pipeline(createReadStream(join(layer, 'rootfs-diff.tar')), entries);
  return headers;
}

/** Everything below a directory by its path: "<dir>", "-> target", "<other>", or a file's content. Follows no link. */
export async function treeOf(directory: string, below = ''): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for (const entry of await readdir(join(directory, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.isSymbolicLink()) tree[path] = `-> ${await readlink(join(directory, path))}`;
    else if (entry.isFile()) tree[path] = await readFile(join(directory, path), 'utf8');
    else tree[path] = entry.isDirectory() ? '<dir>' : '<other>';
    if (entry.isDirectory()) Object.assign(tree, await treeOf(directory, path));
  }
  return tree;
}

/** Runs a command that the test needs and that has no place in Node.js. */
export async function sh(command: string, ...args: string[]): Promise<string> {
  return (await promisify(execFile)('sh', ['-ec', command, 'sh', ...args])).stdout;
}
