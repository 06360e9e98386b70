import { type Chunk, DroverError, type Manifest } from '../../proto/index.ts';

/** What a source lets one target have. */
export interface Offer {
  readonly migrationId: string;
  readonly epoch: number;
  readonly targetNode: string;
  /** Id and name of the one image that the target may have. */
  readonly imageId: string;
  readonly image: string;
}

/** The parts of a checkpoint in the order in which they are sent. */
export type CheckpointItems = AsyncIterable<{ chunk: Chunk } | { manifest: Manifest }>;

interface OpenOffer extends Offer {
  readonly items: Promise<CheckpointItems>;
  readonly open: (items: CheckpointItems) => void;
  readonly withdrawn: AbortController;
  isTaken: boolean;
}

/**
 * Checkpoints that this node offers. An offer is made before the freeze, so that the target is connected and waiting
 * when the first chunk exists, and is open for reading once: a torn transfer is not resumed but rolled back.
 */
export class Offers {
  private readonly offers = new Map<string, OpenOffer>();

  make(offer: Offer): void {
    let open: OpenOffer['open'] = () => undefined;
    const items = new Promise<CheckpointItems>((resolve) => {
      open = resolve;
    });
    this.offers.set(offer.migrationId, { ...offer, items, open, withdrawn: new AbortController(), isTaken: false });
  }

  /** The dump has begun: its chunks may be read. */
  open(migrationId: string, items: CheckpointItems): void {
    this.offers.get(migrationId)?.open(items);
  }

  /** Ends the wait, or the reading, of the target. */
  withdraw(migrationId: string): void {
    this.offers.get(migrationId)?.withdrawn.abort(new DroverError('CANCELLED', 'The source took its offer back.'));
    this.offers.delete(migrationId);
  }

  /** Waits for the dump and takes its chunks, once. Throws PERMISSION_DENIED for everyone but the target. */
  async take(
    node: string,
    request: { migrationId: string; epoch: number },
    signal: AbortSignal,
  ): Promise<CheckpointItems> {
    const offer = this.require(node, request.migrationId);
    if (offer.epoch !== request.epoch || offer.isTaken) throw denied(node, request.migrationId);
    offer.isTaken = true;
    const withdrawn = offer.withdrawn.signal;
    return whileOffered(await unlessAborted(offer.items, AbortSignal.any([signal, withdrawn])), withdrawn);
  }

  /** Throws PERMISSION_DENIED unless the node was offered a checkpoint that needs this image. */
  requireImage(node: string, request: { migrationId: string; imageId: string; image: string }): void {
    const { imageId, image } = this.require(node, request.migrationId);
    const isOffered = request.imageId === imageId && (request.image === image || request.image === '');
    if (!isOffered) throw denied(node, request.migrationId);
  }

  private require(node: string, migrationId: string): OpenOffer {
    const offer = this.offers.get(migrationId);
    if (offer?.targetNode !== node) throw denied(node, migrationId);
    return offer;
  }
}

async function* whileOffered(items: CheckpointItems, withdrawn: AbortSignal): CheckpointItems {
  for await (const item of items) {
    withdrawn.throwIfAborted();
    yield item;
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
    work.then(resolve, reject);
  });
}

function denied(node: string, migration: string): DroverError {
  return new DroverError('PERMISSION_DENIED', 'This checkpoint is not offered to this node.', {
    details: { node, migration },
  });
}
