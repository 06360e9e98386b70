import test from 'ava';
import { chunkSize } from '../../node-agent/checkpoint/format.ts';
import type { Chunk, ErrorCode, FetchResponse, Manifest } from '../../proto/index.ts';
import { aCheckpoint, readFiles, someBytes } from '../support/checkpoint-files.ts';
import { fetchFromLiar } from '../support/lying-source.ts';
import { rejectionOf } from '../support/rejection-of.ts';

const files = { 'images/pages-1.img': someBytes(2 * chunkSize + 7), 'images/core-1.img': someBytes(9) };
const { chunks, manifest } = aCheckpoint(files);
const [chunk = { path: '', offset: 0, digest: Buffer.alloc(0), data: Buffer.alloc(0) }] = chunks;

const asChunk = (value: Chunk): FetchResponse => ({ body: { $case: 'chunk', value } });
const asManifest = (value: Manifest): FetchResponse => ({ body: { $case: 'manifest', value } });
const all = chunks.map(asChunk);

interface Lie {
  readonly title: string;
  readonly code: ErrorCode;
  readonly responses: readonly (FetchResponse | Buffer)[];
}

const lies: Lie[] = [
  {
    ...{ title: 'an altered chunk', code: 'CHUNK_CORRUPT' },
    responses: [asChunk({ ...chunk, data: someBytes(chunkSize) }), ...all.slice(1), asManifest(manifest)],
  },
  { title: 'no answer at all', code: 'TRANSFER_FAILED', responses: [] },
  { title: 'chunks without a manifest', code: 'TRANSFER_FAILED', responses: all },
  { title: 'a manifest without chunks', code: 'CHECKPOINT_INVALID', responses: [asManifest(manifest)] },
  { title: 'a chunk too few', code: 'CHECKPOINT_INVALID', responses: [...all.slice(1), asManifest(manifest)] },
  {
    ...{ title: 'a chunk too many', code: 'CHECKPOINT_INVALID' },
    responses: [...all, asChunk({ ...chunk, path: 'images/more.img' }), asManifest(manifest)],
  },
  {
    ...{ title: 'a path outside', code: 'CHECKPOINT_INVALID' },
    responses: [asChunk({ ...chunk, path: '../../evil' }), asManifest(manifest)],
  },
  {
    ...{ title: 'the checkpoint of another workload', code: 'CHECKPOINT_INVALID' },
    responses: [...all, asManifest({ ...manifest, workload: 'db' })],
  },
  {
    ...{ title: 'a message without a body', code: 'TRANSFER_FAILED' },
    responses: [{ body: undefined }],
  },
  { title: 'bytes that are no message', code: 'TRANSFER_FAILED', responses: [Buffer.from('\xff\xff\xff garbage')] },
  {
    ...{ title: 'a chunk whose length lies', code: 'TRANSFER_FAILED' },
    responses: [Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x7f, 0x22, 0xff, 0xff, 0x7f])],
  },
  {
    ...{ title: 'a message that is too large', code: 'TRANSFER_FAILED' },
    responses: [Buffer.alloc(9 * 2 ** 20, 0x0a)],
  },
];

for (const { title, code, responses } of lies) {
  test(`a source that sends ${title} is not believed`, async (t) => {
    const { directory, result } = await fetchFromLiar(t, responses);
    t.is((await rejectionOf(result)).code, code);
    const names = Object.keys(await readFiles(directory));
    t.deepEqual(
      names.filter((name) => !/^images\/(pages-1|core-1|more)\.img$/.test(name)),
      [],
    );
  });
}
