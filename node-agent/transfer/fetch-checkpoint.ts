import { Readable } from 'node:stream';
import { Metadata, makeGenericClientConstructor } from '@grpc/grpc-js';
import {
  type CheckpointTransferServiceClient,
  channelOptions,
  clientCalls,
  clientCredentials,
  DroverError,
  type FetchResponse,
  type TlsIdentity,
} from '../../proto/index.ts';
import type { ManifestFacts } from '../checkpoint/chunk-reader.ts';
import { ChunkWriter } from '../checkpoint/chunk-writer.ts';
import { leanTransferService } from './fetch-method.ts';

const LeanClient = makeGenericClientConstructor(leanTransferService, 'drover.v1.CheckpointTransferService');

/** Another agent: its name, which its certificate must prove, and where it listens. */
export interface Peer {
  readonly node: string;
  readonly address: string;
}

/** One checkpoint to be had from a peer. */
export interface CheckpointFetch extends ManifestFacts {
  readonly migrationId: string;
  /** Directory that the checkpoint is written to. */
  readonly directory: string;
  readonly maxBytes: number;
  /** Hears of the bytes received so far, after each chunk. */
  readonly onProgress: (bytes: number) => void;
}

/** A connection to another agent's transfer service. */
export class PeerConnection {
  private readonly client: CheckpointTransferServiceClient;
  private readonly calls: ReturnType<typeof clientCalls>;

  constructor(peer: Peer, tls: TlsIdentity) {
    this.client = new LeanClient(
      peer.address,
      clientCredentials(tls),
      channelOptions({ role: 'node', name: peer.node }),
    ) as unknown as CheckpointTransferServiceClient;
    this.calls = clientCalls({ peer: `node ${peer.node} at ${peer.address}`, timeoutMs: 10_000 }, () => new Metadata());
  }

  /** Resolves when every chunk is on disk and verified against the manifest. Throws TRANSFER_FAILED when the peer goes away. */
  async fetchCheckpoint(fetch: CheckpointFetch, signal: AbortSignal): Promise<{ bytes: number }> {
    signal.throwIfAborted();
    const writer = new ChunkWriter(fetch.directory, fetch);
    try {
      const call = this.client.fetch({ migrationId: fetch.migrationId, epoch: fetch.epoch });
      for await (const { body } of this.calls.stream<FetchResponse>(call, signal)) {
        if (body?.$case === 'chunk') {
          await writer.accept(body.value);
          fetch.onProgress(writer.bytes);
        } else if (body?.$case === 'manifest') {
          await writer.finish(body.value, fetch);
          return { bytes: writer.bytes };
        }
      }
      throw new DroverError('TRANSFER_FAILED', 'The source ended the transfer before the checkpoint was complete.');
    } catch (error) {
      throw asTransferError(error);
    } finally {
      await writer.close();
    }
  }

  /** The archive of an image, as `docker save` writes it. */
  fetchImage(request: { imageId: string; image: string; migrationId: string }, signal: AbortSignal): Readable {
    const call = this.client.fetchImage(request);
    const { calls } = this;
    return Readable.from(
      (async function* () {
        for await (const { data } of calls.stream(call, signal)) yield data;
      })(),
      { objectMode: false },
    );
  }

  close(): void {
    this.client.close();
  }
}

// The words of a call in general, in those of a transfer: the source went away, or sent what is no message.
function asTransferError(error: unknown): unknown {
  if (error instanceof DroverError && (error.code === 'COORDINATOR_UNREACHABLE' || error.code === 'BAD_MESSAGE')) {
    return new DroverError('TRANSFER_FAILED', error.message, { cause: error });
  }
  return error;
}
