import { join } from 'node:path';
import { DroverError, type HandoverSignal, toFailure, withDeadline } from '../../proto/index.ts';
import { parts } from '../checkpoint/format.ts';
import { applyLayer } from '../layer/apply-layer.ts';
import { rootDirectoryOf } from '../layer/overlay-directories.ts';
import { createTicket, type RestoreTicket } from '../runtime/restore-ticket.ts';
import type { PeerConnection } from '../transfer/fetch-checkpoint.ts';
import type { HandoverDependencies } from './dependencies.ts';
import type { TargetEntry } from './journal.ts';
import { throttled } from './throttled.ts';

// A terabyte: more than any checkpoint, less than what would harm by its mere number. The disk itself is the real bound.
const maxCheckpointBytes = 1024 ** 4;

const progressEveryMs = 250;

/** A container that Docker has begun to start and that waits in the shim, first for its checkpoint, then for a verdict. */
export class PendingRestore {
  readonly containerId: string;
  readonly ticket: RestoreTicket;
  private readonly d: HandoverDependencies;
  private readonly entry: TargetEntry;
  private readonly directory: string;
  private readonly root: string;
  private readonly ending = new AbortController();
  /** Docker's own start call, which returns only after the verdict. */
  private readonly start: Promise<void>;
  private receiving: Promise<void> = Promise.resolve();

  private constructor(d: HandoverDependencies, entry: TargetEntry, ticket: RestoreTicket, root: string) {
    this.containerId = entry.containerId;
    this.ticket = ticket;
    this.d = d;
    this.entry = entry;
    this.directory = join(d.checkpoints, entry.migrationId);
    this.root = root;
    this.start = d.engine.start(entry.containerId);
    this.start.catch(() => undefined);
  }

  /** Leaves the ticket and has Docker start the container. The checkpoint does not exist yet. */
  static async begin(d: HandoverDependencies, entry: TargetEntry, networkFirst: boolean): Promise<PendingRestore> {
    const ticket = await createTicket(d.paths, {
      containerId: entry.containerId,
      images: join(d.checkpoints, entry.migrationId, parts.images),
      deadlineS: Math.ceil(d.timeouts.waitForCheckpointMs / 1000),
      networkFirst,
    });
    return new PendingRestore(d, entry, ticket, rootDirectoryOf(await d.engine.inspect(entry.containerId)));
  }

  /** Resolves when the shim waits for the checkpoint. Throws what Docker said if it could not come that far. */
  async waiting(signal: AbortSignal): Promise<void> {
    const failed = this.start.then(() => new Promise<never>(() => undefined));
    failed.catch(() => undefined);
    await withDeadline(this.d.timeouts.shimMs, signal, (limit) => Promise.race([failed, this.ticket.waiting(limit)]));
  }

  /** Receives the checkpoint and restores it, in the background; the coordinator hears of it by signals. */
  receive(peer: PeerConnection): void {
    this.receiving = this.receiveAll(peer).finally(() => peer.close());
  }

  /** Resolves when Docker's start has returned: the container runs, as far as Docker knows. */
  started(): Promise<void> {
    return this.start;
  }

  /** Ends the transfer and every wait. Resolves when Docker has given the container's lock back. */
  async abort(): Promise<void> {
    this.ending.abort(new DroverError('CANCELLED', 'The migration was called off.'));
    await this.receiving;
    await this.ticket.abort();
    await this.start.catch(() => undefined);
  }

  private async receiveAll(peer: PeerConnection): Promise<void> {
    const { signal } = this.ending;
    try {
      const progress = throttled(progressEveryMs, (bytesReceived: number) =>
        this.tell({ $case: 'progress', value: { bytesReceived } }),
      );
      const limits = { directory: this.directory, maxBytes: maxCheckpointBytes, onProgress: progress };
      const { bytes } = await peer.fetchCheckpoint({ ...this.entry, ...limits }, signal);
      const received = performance.now();
      await applyLayer(join(this.directory, parts.layer), this.root);
      await this.ticket.restore();
      this.tell({ $case: 'received', value: { bytesTotal: bytes, bytesSent: bytes } });
      await withDeadline(this.d.timeouts.restoreMs, signal, (limit) => this.ticket.restored(limit));
      this.tell({ $case: 'restored', value: { restoreMs: performance.now() - received } });
    } catch (error) {
      if (!signal.aborted) this.tell({ $case: 'failed', value: toFailure(error) });
    }
  }

  private tell(body: NonNullable<HandoverSignal['body']>): void {
    this.d.signal({ migrationId: this.entry.migrationId, epoch: this.entry.epoch, body });
  }
}
