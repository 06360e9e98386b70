import { Readable } from 'node:stream';
import type { ExecutionContext } from 'ava';
import { type CheckpointFetch, PeerConnection } from '../../node-agent/transfer/fetch-checkpoint.ts';
import { type CheckpointItems, type Offer, Offers } from '../../node-agent/transfer/offers.ts';
import { openTransferServer } from '../../node-agent/transfer/transfer-server.ts';
import { transferService } from '../../node-agent/transfer/transfer-service.ts';
import { DroverError, type Identity, serverCalls, type TlsIdentity } from '../../proto/index.ts';
import { aCheckpoint, type Files, facts } from './checkpoint-files.ts';
import { issuedCertificates } from './issued-certificates.ts';
import { temporaryDirectory } from './tls.ts';

export const anOffer: Offer = {
  migrationId: 'm-1',
  epoch: 5,
  targetNode: 'edge-2',
  image: 'drover/app',
  imageId: 'sha256:1',
};
const target = { role: 'node', name: 'edge-2' } as const;

/** The transfer service of edge-1 on a free port, with mutual TLS; it ends with the test. */
export async function transferHost(t: ExecutionContext, options: { waitForFreezeMs?: number; as?: string } = {}) {
  const { issue } = await issuedCertificates();
  const [offers, refusals] = [new Offers(), [] as string[]];
  const calls = serverCalls((error) => refusals.push(error instanceof DroverError ? error.code : String(error)));
  const saveImage = async (reference: string) => Readable.from([Buffer.from('image '), Buffer.from(reference)]);
  const service = transferService({ calls, offers, saveImage, waitForFreezeMs: options.waitForFreezeMs ?? 5000 });
  const serverTls = await issue({ role: 'node', name: options.as ?? 'edge-1' });
  const server = await openTransferServer('127.0.0.1:0', serverTls, service);
  t.teardown(() => server.close());
  const address = `127.0.0.1:${server.port}`;

  return {
    ...{ offers, refusals, address, server, calls },
    /** Certificates of the cluster. */
    tls: (identity: Pick<Identity, 'role' | 'name'> = target): Promise<TlsIdentity> => issue(identity),
    /** A connection to edge-1; it ends with the test. */
    async peer(identity: Pick<Identity, 'role' | 'name'> = target): Promise<PeerConnection> {
      const peer = new PeerConnection({ node: 'edge-1', address }, await issue(identity));
      t.teardown(() => peer.close());
      return peer;
    },
    /** Fetches migration m-1 into a directory of its own, as edge-2 unless told otherwise. */
    async fetch(
      changes: Partial<CheckpointFetch> & { as?: Pick<Identity, 'role' | 'name'>; signal?: AbortSignal } = {},
    ) {
      const { as = target, signal = new AbortController().signal, ...rest } = changes;
      const directory = await temporaryDirectory(t);
      const peer = await this.peer(as);
      const request = { ...facts, migrationId: 'm-1', directory, maxBytes: 2 ** 30, onProgress: () => undefined };
      return { directory, result: peer.fetchCheckpoint({ ...request, ...rest }, signal) };
    },
  };
}

/** A checkpoint in the order in which it is sent, and what has been asked of it so far. */
export function itemsOf(files: Files) {
  const { chunks, manifest } = aCheckpoint(files);
  const seen = { taken: 0, ended: false };
  const items = async function* () {
    try {
      for (const chunk of chunks) {
        seen.taken += 1;
        yield { chunk };
      }
      yield { manifest };
    } finally {
      seen.ended = true;
    }
  };
  return { seen, items: items() as CheckpointItems, chunks, manifest };
}
