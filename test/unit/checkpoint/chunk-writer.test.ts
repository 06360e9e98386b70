import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { ChunkWriter } from '../../../node-agent/checkpoint/chunk-writer.ts';
import { chunkSize, digestOf } from '../../../node-agent/checkpoint/format.ts';
import type { Chunk, ErrorCode, Manifest } from '../../../proto/index.ts';
import { aCheckpoint, facts, openFilesBelow, readFiles, someBytes } from '../../support/checkpoint-files.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { temporaryDirectory } from '../../support/tls.ts';

const path = 'images/pages-1.img';
const good = aCheckpoint({ [path]: someBytes(2 * chunkSize + 10), 'images/core-1.img': someBytes(20) });

interface Attack {
  readonly title: string;
  readonly code?: ErrorCode;
  readonly chunks?: (chunks: Chunk[]) => Chunk[];
  readonly manifest?: (manifest: Manifest) => Manifest;
  readonly maxBytes?: number;
}

// Changes the first chunk, and its digest along with its data unless told otherwise.
const first = (change: Partial<Chunk>) => (chunks: Chunk[]) =>
  chunks.map((chunk, index) => {
    if (index > 0) return chunk;
    const changed = { ...chunk, ...change };
    return 'digest' in change ? changed : { ...changed, digest: digestOf(changed.data) };
  });
const firstFile = (change: object) => (manifest: Manifest) => {
  const [file, ...rest] = manifest.files;
  return { ...manifest, files: file === undefined ? [] : [{ ...file, ...change }, ...rest] };
};
const also =
  (...more: Manifest['files']) =>
  (manifest: Manifest) => ({
    ...manifest,
    files: [...manifest.files, ...more],
  });
const short = someBytes(5);
const [altered = { path, offset: 0, data: short, digest: short }] = good.chunks;
const digests = good.manifest.files[0]?.digests ?? [];
const badPaths = ['../evil', 'images/../../evil', '/etc/evil', 'images//evil', 'images/.', 'images/..', 'images', ''];
const worsePaths = ['images/a\0b', `images/${'a'.repeat(300)}`, 'images/a/b', 'other/a', 'images\\..\\a', 'images/a b'];

const attacks: Attack[] = [
  {
    ...{ title: 'altered data', code: 'CHUNK_CORRUPT' },
    chunks: (chunks) => [{ ...altered, data: someBytes(chunkSize) }, ...chunks.slice(1)],
  },
  {
    ...{ title: 'one altered bit', code: 'CHUNK_CORRUPT' },
    chunks: ([chunk, ...rest]) => {
      const data = Buffer.from(chunk?.data ?? []);
      data[chunkSize - 1] = (data[chunkSize - 1] ?? 0) ^ 1;
      return [{ ...altered, data }, ...rest];
    },
  },
  { title: 'a digest of another length', code: 'CHUNK_CORRUPT', chunks: first({ digest: Buffer.alloc(0) }) },
  { title: 'a truncated chunk', chunks: first({ data: someBytes(chunkSize - 1) }) },
  { title: 'an empty chunk', chunks: first({ data: Buffer.alloc(0) }) },
  { title: 'a chunk that is too large', chunks: first({ data: someBytes(chunkSize + 1) }) },
  { title: 'a chunk between two places', chunks: first({ offset: 1 }) },
  { title: 'a chunk at the wrong place', chunks: first({ offset: 7 * chunkSize }) },
  { title: 'a chunk before the beginning', chunks: first({ offset: -chunkSize }) },
  { title: 'a chunk at no place at all', chunks: first({ offset: Number.NaN }) },
  { title: 'a chunk that is missing', chunks: (chunks) => chunks.slice(1) },
  { title: 'the last chunk missing', chunks: (chunks) => chunks.filter(({ offset }) => offset !== 2 * chunkSize) },
  { title: 'a chunk that comes twice', chunks: (chunks) => [...chunks, altered] },
  {
    title: 'a chunk that comes twice, shorter the second time',
    chunks: (chunks) => [...chunks, ...first({ data: short })(chunks).slice(0, 1)],
    manifest: firstFile({ digests: [digestOf(short), ...digests.slice(1)] }),
  },
  {
    title: 'a short chunk in the middle',
    chunks: first({ data: short }),
    manifest: firstFile({ digests: [digestOf(short), ...digests.slice(1)] }),
  },
  { title: 'a file that is not listed', manifest: (manifest) => ({ ...manifest, files: manifest.files.slice(1) }) },
  {
    title: 'a listed file that never came',
    manifest: also({ path: 'images/x.img', size: 1, digests: [digestOf(short)] }),
  },
  { title: 'a file that is listed twice', manifest: (manifest) => also(...manifest.files)(manifest) },
  { title: 'another size than listed', manifest: firstFile({ size: 2 * chunkSize + 9 }) },
  { title: 'a listed file of an absurd size', manifest: firstFile({ size: Number.MAX_SAFE_INTEGER }) },
  { title: 'fewer digests than chunks', manifest: firstFile({ digests: [] }) },
  { title: 'another digest than listed', manifest: firstFile({ digests: Array(3).fill(digestOf(Buffer.alloc(1))) }) },
  { title: 'another workload', manifest: (manifest) => ({ ...manifest, workload: 'db' }) },
  { title: 'an older epoch', manifest: (manifest) => ({ ...manifest, epoch: 4 }) },
  { title: 'a newer epoch', manifest: (manifest) => ({ ...manifest, epoch: 6 }) },
  { title: 'a version from the future', manifest: (manifest) => ({ ...manifest, version: 2 }) },
  { title: 'chunks of another size', manifest: (manifest) => ({ ...manifest, chunkSize: 4096 }) },
  { title: 'more bytes than this node takes', maxBytes: 2 * chunkSize },
  { title: 'a hole that makes a file larger than this node takes', chunks: first({ offset: 2 ** 40 }) },
  ...[...badPaths, ...worsePaths].flatMap((bad): Attack[] => [
    { title: `a chunk of ${JSON.stringify(bad).slice(0, 40)}`, chunks: first({ path: bad }) },
    {
      title: `a listed ${JSON.stringify(bad).slice(0, 40)}`,
      manifest: also({ path: bad, size: 0, digests: [] }),
    },
  ]),
];

for (const { title, code = 'CHECKPOINT_INVALID', chunks, manifest, maxBytes = 2 ** 30 } of attacks) {
  test(`refused: ${title}`, async (t) => {
    const parent = await temporaryDirectory(t);
    const directory = join(parent, 'checkpoint');
    await mkdir(directory);
    const writer = new ChunkWriter(directory, { maxBytes });
    const error = await rejectionOf(
      (async () => {
        for (const chunk of chunks?.(good.chunks) ?? good.chunks) await writer.accept(chunk);
        await writer.finish(manifest?.(good.manifest) ?? good.manifest, facts);
      })(),
    );
    await writer.close();
    t.is(error.code, code);
    t.deepEqual(await openFilesBelow(parent), []);
    const outside = Object.keys(await readFiles(parent)).filter((file) => !/^checkpoint\/images\/[\w.-]+$/.test(file));
    t.deepEqual(outside, []);
  });
}

test('what is right is taken, and counted', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = new ChunkWriter(directory, { maxBytes: 2 ** 30 });
  for (const chunk of good.chunks) await writer.accept(chunk);
  await writer.finish(good.manifest, facts);
  await writer.close();
  t.is(writer.bytes, 2 * chunkSize + 30);
  t.deepEqual(Object.keys(await readFiles(directory)), ['images/core-1.img', path]);
});

test('a chunk that is refused leaves no file behind', async (t) => {
  const directory = await temporaryDirectory(t);
  const writer = new ChunkWriter(directory, { maxBytes: 2 ** 30 });
  await rejectionOf(writer.accept({ ...altered, data: someBytes(3) }));
  await writer.close();
  await t.throwsAsync(access(join(directory, path)), { code: 'ENOENT' });
});

test('a manifest of absurd sizes costs no memory', async (t) => {
  const writer = new ChunkWriter(await temporaryDirectory(t), { maxBytes: 2 ** 30 });
  const before = process.memoryUsage().rss;
  const file = { path, size: Number.MAX_SAFE_INTEGER, digests: [] };
  await rejectionOf(writer.finish({ ...good.manifest, files: [file] }, facts));
  await writer.close();
  t.true(process.memoryUsage().rss - before < 64 * 2 ** 20);
});

test('a checkpoint of too many files is refused', async (t) => {
  const writer = new ChunkWriter(await temporaryDirectory(t), { maxBytes: 2 ** 30 });
  const files = Array.from({ length: 10_001 }, (_, n) => ({ path: `images/f${n}`, size: 0, digests: [] }));
  const error = await rejectionOf(writer.finish({ ...good.manifest, files }, facts));
  await writer.close();
  t.is(error.code, 'CHECKPOINT_INVALID');
});
