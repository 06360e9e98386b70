import { appendFile, mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readChunks } from '../../../node-agent/checkpoint/chunk-reader.ts';
import { chunkSize, digestOf } from '../../../node-agent/checkpoint/format.ts';
import type { Chunk, Manifest } from '../../../proto/index.ts';
import { facts, openFilesBelow, readCheckpoint, someBytes, writeFiles } from '../../support/checkpoint-files.ts';
import { gate } from '../../support/gate.ts';
import { temporaryDirectory } from '../../support/tls.ts';

type Items = ReturnType<typeof readChunks>;

async function nextChunk(items: Items): Promise<Chunk> {
  const { value } = await items.next();
  if (value === undefined || !('chunk' in value)) throw new Error('expected a chunk');
  return value.chunk;
}

async function nextManifest(items: Items): Promise<Manifest> {
  const { value } = await items.next();
  if (value === undefined || !('manifest' in value)) throw new Error('expected the manifest');
  return value.manifest;
}

const never = new Promise<void>(() => undefined);
const pages = 'images/pages-1.img';

test('memory pages are read while they are still being written', async (t) => {
  const directory = await temporaryDirectory(t);
  const [data, complete] = [someBytes(2 * chunkSize + 100), gate()];
  await mkdir(join(directory, 'images'));
  const items = readChunks(directory, complete.promise, facts);
  const first = nextChunk(items);
  for (const [from, to] of [
    [0, 100],
    [100, chunkSize],
    [chunkSize, chunkSize + 5],
  ]) {
    await appendFile(join(directory, pages), data.subarray(from, to));
  }
  t.deepEqual(await first, {
    ...{ path: pages, offset: 0 },
    digest: digestOf(data.subarray(0, chunkSize)),
    data: Buffer.from(data.subarray(0, chunkSize)),
  });
  const second = nextChunk(items);
  await appendFile(join(directory, pages), data.subarray(chunkSize + 5));
  t.is((await second).offset, chunkSize);
  const third = nextChunk(items);
  complete.open();
  t.deepEqual((await third).data, Buffer.from(data.subarray(2 * chunkSize)));
  const manifest = await nextManifest(items);
  t.like(manifest, { version: 1, chunkSize, workload: 'web', epoch: 5 });
  t.deepEqual(
    manifest.files.map(({ path, size, digests }) => [path, size, digests.length]),
    [[pages, data.length, 3]],
  );
  t.true((await items.next()).done);
});

test('nothing but memory pages is looked at before everything is complete', async (t) => {
  const directory = await temporaryDirectory(t);
  const complete = gate();
  await writeFiles(directory, { 'images/core-1.img': someBytes(chunkSize), [pages]: someBytes(chunkSize) });
  const items = readChunks(directory, complete.promise, facts);
  t.is((await nextChunk(items)).path, pages);
  const next = nextChunk(items);
  const late = someBytes(10);
  await writeFile(join(directory, 'images/core-1.img'), late);
  await writeFiles(directory, { 'layer/rootfs-diff.tar': late });
  complete.open();
  t.deepEqual([(await next).data, (await nextChunk(items)).data], [late, late]);
});

test('a second file of pages that appears later is read as well', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFiles(directory, { [pages]: someBytes(chunkSize) });
  const items = readChunks(directory, never, facts);
  t.is((await nextChunk(items)).path, pages);
  const next = nextChunk(items);
  await writeFiles(directory, { 'images/pages-2.img': someBytes(chunkSize) });
  t.is((await next).path, 'images/pages-2.img');
  await items.return(undefined);
});

test('an empty checkpoint and empty files are whole', async (t) => {
  const directory = await temporaryDirectory(t);
  t.deepEqual((await readCheckpoint(directory)).manifest.files, []);
  await writeFiles(directory, { 'images/empty.img': Buffer.alloc(0) });
  t.deepEqual((await readCheckpoint(directory)).manifest.files, [{ path: 'images/empty.img', size: 0, digests: [] }]);
});

test('when the dump fails the reading fails with the same error, and lets go of its files', async (t) => {
  const directory = await temporaryDirectory(t);
  const complete = gate();
  await writeFiles(directory, { [pages]: someBytes(chunkSize) });
  const items = readChunks(directory, complete.promise, facts);
  await nextChunk(items);
  t.deepEqual(await openFilesBelow(directory), [join(directory, pages)]);
  const error = new Error('CRIU gave up');
  complete.fail(error);
  t.is(await t.throwsAsync(items.next()), error);
  t.deepEqual(await openFilesBelow(directory), []);
});

test('a reader that stops early lets go of its files', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFiles(directory, { [pages]: someBytes(3 * chunkSize), 'images/pages-2.img': someBytes(chunkSize) });
  for await (const _ of readChunks(directory, never, facts)) break;
  t.deepEqual(await openFilesBelow(directory), []);
});

test('a file that became shorter is an error, not a wait', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFiles(directory, { [pages]: someBytes(3 * chunkSize) });
  const items = readChunks(directory, never, facts);
  await nextChunk(items);
  await truncate(join(directory, pages), chunkSize);
  await t.throwsAsync(items.next(), { message: /became shorter/ });
});

test('it reads no further than it is asked to', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFiles(directory, { [pages]: Buffer.alloc(2 * chunkSize, 1) });
  const items = readChunks(directory, never, facts);
  await nextChunk(items);
  await writeFile(join(directory, pages), Buffer.alloc(2 * chunkSize, 2));
  t.is((await nextChunk(items)).data[0], 2);
  await items.return(undefined);
});
