import { type Chunk, DroverError, type Manifest } from '../../proto/index.ts';

/** What a source lets one target have. */
export interface Offer {
  readonly migrationId: string;
  readonly epoch: number;
  readonly targetNode: string;
  readonly imageId: string;
}

/** The parts of a checkpoint in the order in which they are sent. */
export type CheckpointItems = AsyncIterable<{ chunk: Chunk } | { manifest: Manifest }>;

interface OpenOffer extends Offer {
  readonly items: Promise<CheckpointItems>;
  readonly open: (items: CheckpointItems) => void;
  readonly close: (reason: DroverError) => void;
}

/**
 * Checkpoints that this node offers. An offer is made before the freeze, so that the target is connected and waiting
 * when the first chunk exists, and is open for reading once: a torn transfer is not resumed but rolled back.
 */
export class Offers {
  private readonly offers = new Map<string, OpenOffer>();

  make(offer: Offer): void {
    let open: OpenOffer['open'] = () => undefined;
    let fail: (reason: unknown) => void = () => undefined;
    const items = new Promise<CheckpointItems>((resolve, reject) => {
      open = resolve;
      fail = reject;
    });
    items.catch(() => undefined);
    this.offers.set(offer.migrationId, { ...offer, items, open, close: fail });
  }

  /** The dump has begun: its chunks may be read. */
  open(migrationId: string, items: CheckpointItems): void {
    this.offers.get(migrationId)?.open(items);
  }

  withdraw(migrationId: string): void {
    this.offers.get(migrationId)?.close(new DroverError('CANCELLED', 'The source took its offer back.'));
    this.offers.delete(migrationId);
  }

  /** Waits for the dump and takes its chunks. Throws PERMISSION_DENIED for everyone but the target. */
  async take(
    node: string,
    request: { migrationId: string; epoch: number },
    signal: AbortSignal,
  ): Promise<CheckpointItems> {
    const offer = this.require(node, request.migrationId);
    if (offer.epoch !== request.epoch) throw denied(node, request.migrationId);
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    return Promise.race([offer.items, aborted]);
  }

  /** Throws PERMISSION_DENIED unless the node was offered a checkpoint that needs this image. */
  requireImage(node: string, request: { migrationId: string; imageId: string }): void {
    if (this.require(node, request.migrationId).imageId !== request.imageId) throw denied(node, request.migrationId);
  }

  private require(node: string, migrationId: string): OpenOffer {
    const offer = this.offers.get(migrationId);
    if (offer?.targetNode !== node) throw denied(node, migrationId);
    return offer;
  }
}

function denied(node: string, migration: string): DroverError {
  return new DroverError('PERMISSION_DENIED', 'This checkpoint is not offered to this node.', {
    details: { node, migration },
  });
}
