import { text } from 'node:stream/consumers';
import { Metadata } from '@grpc/grpc-js';
import test from 'ava';
import { chunkSize } from '../../node-agent/checkpoint/format.ts';
import {
  CheckpointTransferServiceClient,
  channelOptions,
  clientCalls,
  clientCredentials,
  DroverError,
  type FetchResponse,
} from '../../proto/index.ts';
import { digestsOf, readFiles, someBytes } from '../support/checkpoint-files.ts';
import { gate } from '../support/gate.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { anOffer, itemsOf, transferHost } from '../support/transfer-host.ts';
import { turns } from '../support/turns.ts';
import { until } from '../support/until.ts';

const files = { 'images/core-1.img': someBytes(100), 'images/pages-1.img': someBytes(3 * chunkSize + 7) };
const edge3 = { role: 'node', name: 'edge-3' } as const;
const admin = { role: 'admin', name: 'main' } as const;

test('the node that a checkpoint is offered to gets it, byte for byte', async (t) => {
  const host = await transferHost(t);
  host.offers.make(anOffer);
  const progress: number[] = [];
  const { directory, result } = await host.fetch({ onProgress: (bytes) => progress.push(bytes) });
  const { items, seen } = itemsOf(files);
  host.offers.open('m-1', items);
  t.deepEqual(await result, { bytes: 3 * chunkSize + 107 });
  t.deepEqual(digestsOf(await readFiles(directory)), digestsOf(files));
  t.deepEqual(
    [...progress].sort((a, b) => a - b),
    progress,
  );
  t.is(progress.length, 5);
  t.true(seen.ended);
});

test('a target may wait for the freeze, and is sent chunks while they come to be', async (t) => {
  const host = await transferHost(t);
  host.offers.make(anOffer);
  const [first, second] = [gate(), gate()];
  const { chunks, manifest } = itemsOf(files);
  const { result } = await host.fetch({ onProgress: () => first.open() });
  await turns();
  host.offers.open(
    'm-1',
    (async function* () {
      for (const [at, chunk] of chunks.entries()) {
        if (at === 1) await second.promise;
        yield { chunk };
      }
      yield { manifest };
    })(),
  );
  await first.promise;
  second.open();
  await result;
  t.pass();
});

test('a target that reads slowly makes the source read slowly, not buffer', async (t) => {
  const host = await transferHost(t);
  host.offers.make(anOffer);
  const { items, seen, chunks } = itemsOf({ 'images/pages-1.img': Buffer.alloc(400 * chunkSize) });
  host.offers.open('m-1', items);
  const options = channelOptions({ role: 'node', name: 'edge-1' });
  const client = new CheckpointTransferServiceClient(host.address, clientCredentials(await host.tls()), options);
  t.teardown(() => client.close());
  const { stream } = clientCalls({ peer: 'edge-1', timeoutMs: 5000 }, () => new Metadata());
  const responses = stream<FetchResponse>(client.fetch({ migrationId: 'm-1', epoch: 5 }));
  await responses.next();
  let before = -1;
  await until(() => {
    const still = seen.taken === before;
    before = seen.taken;
    return still && before > 1;
  });
  await turns(50);
  // What the two windows and the buffers between them hold; all of it would be 100 MiB.
  t.true(seen.taken < 60, `${seen.taken} of ${chunks.length}`);
  let rest = 0;
  for await (const _ of responses) rest += 1;
  t.is(rest, chunks.length);
});

for (const [title, request, as, code] of [
  ['a node that it is not offered to', {}, edge3, 'PERMISSION_DENIED'],
  ['an administrator', {}, admin, 'PERMISSION_DENIED'],
  ['the right node at an older epoch', { epoch: 4 }, undefined, 'PERMISSION_DENIED'],
  ['the right node at a newer epoch', { epoch: 6 }, undefined, 'PERMISSION_DENIED'],
  ['the right node for another migration', { migrationId: 'm-2' }, undefined, 'PERMISSION_DENIED'],
] as const) {
  test(`refused: ${title}`, async (t) => {
    const host = await transferHost(t);
    host.offers.make(anOffer);
    const { items, seen } = itemsOf(files);
    host.offers.open('m-1', items);
    const { directory, result } = await host.fetch({ ...request, ...(as ? { as } : {}) });
    t.is((await rejectionOf(result)).code, code);
    t.deepEqual(await readFiles(directory), {});
    t.is(seen.taken, 0);
    t.deepEqual(host.refusals, [code]);
  });
}

test('refused: someone without a certificate', async (t) => {
  const host = await transferHost(t);
  host.offers.make(anOffer);
  const { caPem } = await host.tls();
  const options = channelOptions({ role: 'node', name: 'edge-1' });
  const client = new CheckpointTransferServiceClient(host.address, clientCredentials({ caPem }), options);
  t.teardown(() => client.close());
  const { stream } = clientCalls({ peer: 'edge-1', timeoutMs: 5000 }, () => new Metadata());
  const error = await rejectionOf(stream(client.fetch({ migrationId: 'm-1', epoch: 5 })).next());
  t.is(error.code, 'UNAUTHENTICATED');
});

test('a server that is another node than the one that was meant gets nothing asked', async (t) => {
  const host = await transferHost(t, { as: 'edge-3' });
  host.offers.make(anOffer);
  const { result } = await host.fetch();
  t.is((await rejectionOf(result)).code, 'TRANSFER_FAILED');
  t.deepEqual(host.refusals, []);
});

test('a target that has waited too long for the freeze is told so', async (t) => {
  const host = await transferHost(t, { waitForFreezeMs: 30 });
  host.offers.make(anOffer);
  const { result } = await host.fetch();
  t.is((await rejectionOf(result)).code, 'TIMEOUT');
});

test('an offer that is taken back ends the wait of the target', async (t) => {
  const host = await transferHost(t);
  host.offers.make(anOffer);
  const { result } = await host.fetch();
  await turns();
  host.offers.withdraw('m-1');
  t.is((await rejectionOf(result)).code, 'CANCELLED');
  const { result: again } = await host.fetch();
  t.is((await rejectionOf(again)).code, 'PERMISSION_DENIED');
});

test('an offer that is taken back half-way ends the transfer', async (t) => {
  const host = await transferHost(t);
  host.offers.make(anOffer);
  let withdrawn = false;
  const { items, seen } = itemsOf({ 'images/pages-1.img': Buffer.alloc(200 * chunkSize) });
  host.offers.open('m-1', items);
  const { result } = await host.fetch({
    onProgress: () => {
      if (!withdrawn) host.offers.withdraw('m-1');
      withdrawn = true;
    },
  });
  t.is((await rejectionOf(result)).code, 'CANCELLED');
  t.true(seen.taken < 200);
  await until(() => seen.ended);
});

test('a checkpoint is read once: a second reader gets nothing that it could take for whole', async (t) => {
  const host = await transferHost(t);
  host.offers.make(anOffer);
  const { items } = itemsOf(files);
  host.offers.open('m-1', items);
  await (await host.fetch()).result;
  const { directory, result } = await host.fetch();
  t.is((await rejectionOf(result)).code, 'PERMISSION_DENIED');
  t.deepEqual(await readFiles(directory), {});
});

test('a target that gives up ends the reading at the source', async (t) => {
  const host = await transferHost(t);
  host.offers.make(anOffer);
  const abort = new AbortController();
  const { items, seen } = itemsOf({ 'images/pages-1.img': Buffer.alloc(200 * chunkSize) });
  host.offers.open('m-1', items);
  const { result } = await host.fetch({ signal: abort.signal, onProgress: () => abort.abort() });
  t.is((await rejectionOf(result)).code, 'CANCELLED');
  await until(() => seen.ended);
  t.true(seen.taken < 200);
});

test('a target that has given up before asks for nothing', async (t) => {
  const host = await transferHost(t);
  host.offers.make(anOffer);
  const reason = new DroverError('CANCELLED', 'It was called off.');
  const { result } = await host.fetch({ signal: AbortSignal.abort(reason) });
  t.is(await rejectionOf(result), reason);
});

test('a source that goes away half-way is a failed transfer', async (t) => {
  const host = await transferHost(t);
  host.offers.make(anOffer);
  host.offers.open(
    'm-1',
    firstChunkThen(() => new Promise(() => undefined)),
  );
  const { result } = await host.fetch({ onProgress: () => host.server.close() });
  t.is((await rejectionOf(result)).code, 'TRANSFER_FAILED');
});

test('a dump that fails reaches the target as a failure, without its inner words', async (t) => {
  const host = await transferHost(t);
  host.offers.make(anOffer);
  host.offers.open(
    'm-1',
    firstChunkThen(() => Promise.reject(new Error('disk full at /var/lib/secret'))),
  );
  const { result } = await host.fetch();
  const error = await rejectionOf(result);
  t.is(error.code, 'INTERNAL');
  t.notRegex(error.message, /secret/);
});

test('the image of an offer is served under its own name and its id', async (t) => {
  const host = await transferHost(t);
  host.offers.make(anOffer);
  const peer = await host.peer();
  const { signal } = new AbortController();
  const fetch = (image: string) => text(peer.fetchImage({ imageId: 'sha256:1', image, migrationId: 'm-1' }, signal));
  t.is(await fetch('drover/app'), 'image drover/app');
  t.is(await fetch(''), 'image sha256:1');
});

for (const [title, request, as] of [
  ['by another node', {}, edge3],
  ['by an administrator', {}, admin],
  ['of another id', { imageId: 'sha256:2' }, undefined],
  ['of another name', { image: 'company/secrets' }, undefined],
  ['for a migration without an offer', { migrationId: 'm-2' }, undefined],
] as const) {
  test(`refused: an image ${title}`, async (t) => {
    const host = await transferHost(t);
    host.offers.make(anOffer);
    const peer = await host.peer(as);
    const wanted = { imageId: 'sha256:1', image: 'drover/app', migrationId: 'm-1', ...request };
    const archive = peer.fetchImage(wanted, new AbortController().signal);
    t.is((await rejectionOf(text(archive))).code, 'PERMISSION_DENIED');
  });
}

async function* firstChunkThen(rest: () => Promise<unknown>) {
  for (const chunk of itemsOf(files).chunks.slice(0, 1)) yield { chunk };
  await rest();
}
