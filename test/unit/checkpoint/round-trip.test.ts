import test from 'ava';
import fc from 'fast-check';
import { ChunkWriter } from '../../../node-agent/checkpoint/chunk-writer.ts';
import { chunkSize, isCheckpointPath } from '../../../node-agent/checkpoint/format.ts';
import type { Chunk, Manifest } from '../../../proto/index.ts';
import { FetchResponse } from '../../../proto/index.ts';
import {
  aCheckpoint,
  digestsOf,
  facts,
  readCheckpoint,
  readFiles,
  someBytes,
  writeFiles,
} from '../../support/checkpoint-files.ts';
import { temporaryDirectory } from '../../support/tls.ts';

// Sizes at which chunks begin and end.
const size = fc.oneof(
  fc.constantFrom(0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 2 * chunkSize - 1, 2 * chunkSize, 3 * chunkSize + 7),
  fc.nat(3 * chunkSize),
);
const name = fc.constantFrom('images/pages-1.img', 'images/core-1.img', 'images/stats-dump', 'layer/rootfs-diff.tar');
const files = fc
  .uniqueArray(fc.tuple(name, size), { selector: ([path]) => path, maxLength: 4 })
  .map((list) => Object.fromEntries(list.map(([path, length]) => [path, someBytes(length)])));

async function write(directory: string, chunks: readonly Chunk[], manifest: Manifest): Promise<void> {
  const writer = new ChunkWriter(directory, { maxBytes: 2 ** 40 });
  try {
    for (const chunk of chunks) await writer.accept(chunk);
    await writer.finish(manifest, facts);
  } finally {
    await writer.close();
  }
}

test('what is read from one directory and written to another is the same, whatever the sizes', async (t) => {
  await fc.assert(
    fc.asyncProperty(files, async (content) => {
      const [from, to] = [await temporaryDirectory(t), await temporaryDirectory(t)];
      await writeFiles(from, content);
      const { chunks, manifest } = await readCheckpoint(from);
      await write(to, chunks, manifest);
      t.deepEqual(digestsOf(await readFiles(to)), digestsOf(await readFiles(from)));
    }),
    { numRuns: 100 },
  );
});

test('the order in which chunks come does not matter', async (t) => {
  const sent = files.map(aCheckpoint);
  const shuffled = sent.chain(({ chunks, manifest }) =>
    fc.record({
      chunks: fc.shuffledSubarray(chunks, { minLength: chunks.length, maxLength: chunks.length }),
      manifest: fc.constant(manifest),
    }),
  );
  await fc.assert(
    fc.asyncProperty(shuffled, async ({ chunks, manifest }) => {
      const directory = await temporaryDirectory(t);
      await write(directory, chunks, manifest);
      const written = await readFiles(directory);
      for (const { path, size: length } of manifest.files) t.is(written[path]?.length, length);
      for (const { path, offset, data } of chunks) {
        t.true(written[path]?.subarray(offset, offset + data.length).equals(data));
      }
    }),
    { numRuns: 50 },
  );
});

test('a checkpoint that lacks any one chunk is never taken for whole', async (t) => {
  const torn = files
    .map(aCheckpoint)
    .filter(({ chunks }) => chunks.length > 0)
    .chain(({ chunks, manifest }) =>
      fc.nat(chunks.length - 1).map((lost) => ({ chunks: chunks.toSpliced(lost, 1), manifest })),
    );
  await fc.assert(
    fc.asyncProperty(torn, async ({ chunks, manifest }) => {
      const directory = await temporaryDirectory(t);
      await t.throwsAsync(write(directory, chunks, manifest), { message: /not complete/ });
    }),
    { numRuns: 50 },
  );
});

test('chunks and manifest survive the wire', (t) => {
  const { chunks, manifest } = aCheckpoint({ 'images/pages-1.img': someBytes(chunkSize + 1) });
  for (const body of [...chunks.map((value) => ({ $case: 'chunk', value })), { $case: 'manifest', value: manifest }]) {
    const message = FetchResponse.fromPartial({ body } as FetchResponse);
    t.deepEqual(FetchResponse.decode(FetchResponse.encode(message).finish()), message);
  }
});

test('only plain file names in known parts are paths of a checkpoint', (t) => {
  t.true(['images/pages-1.img', 'layer/deleted.files', 'images/tmpfs-dev-73.tar.gz.img'].every(isCheckpointPath));
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('', 'images/', 'layer/'), (text, part) => {
      if (!isCheckpointPath(part + text)) return;
      t.regex(part + text, /^(images|layer)\/[\w.-]+$/);
      t.false((part + text).includes('/.'));
    }),
    { numRuns: 2000 },
  );
});
