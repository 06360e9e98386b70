import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DroverError, type PrepareTarget, toFailure } from '../../proto/index.ts';
import { parts } from '../checkpoint/format.ts';
import { parseCreateBody, splitRestartPolicy } from '../docker/create-body.ts';
import { referenceFor } from '../docker/image-reference.ts';
import { applyLayer } from '../layer/apply-layer.ts';
import { rootDirectoryOf } from '../layer/overlay-directories.ts';
import { createTicket, openTicket, type RestoreTicket } from '../runtime/restore-ticket.ts';
import { PeerConnection } from '../transfer/fetch-checkpoint.ts';
import type { HandoverDependencies } from './dependencies.ts';
import type { TargetEntry } from './journal.ts';
import { LiveMap } from './live-map.ts';
import { throttled } from './throttled.ts';

// What is known of a hand-over only while this agent lives.
interface LiveRestore {
  readonly containerId: string;
  readonly ticket: RestoreTicket;
  /** Where the container's root file system is mounted. */
  readonly root: string;
  /** Docker's own start call, which returns only after the verdict. */
  readonly start: Promise<void>;
  readonly abort: AbortController;
  /** Ends when the checkpoint was restored or could not be. */
  receiving: Promise<void>;
}

type SignalBody = NonNullable<Parameters<HandoverDependencies['signal']>[0]['body']>;

// Kept free on the disk, whatever a source sends.
const maxCheckpointBytes = 1024 ** 4;

/**
 * The target's half of hand-overs.
 *
 * INVARIANTS: the restored tasks stay stopped until `run`; once "restored" was signalled only the coordinator's word
 * ends the wait. The first verdict journalled wins, and repeating it does no harm.
 */
export class TargetHandovers {
  private readonly live = new LiveMap<LiveRestore>();
  private readonly d: HandoverDependencies;

  constructor(dependencies: HandoverDependencies) {
    this.d = dependencies;
  }

  /**
   * Makes the container and has Docker start it as far as the shim's wait for the images; then receives the checkpoint
   * in the background and signals received, restored or failed. Resolves with the container's id.
   */
  async prepare(request: PrepareTarget, signal: AbortSignal): Promise<{ containerId: string }> {
    const { source } = request;
    if (source === undefined) throw new DroverError('BAD_MESSAGE', 'The order says nothing of the container.');
    requireNewer(this.d.ledger, request);
    const peer = new PeerConnection({ node: request.sourceNode, address: request.sourceAddress }, this.d.tls());
    const abort = new AbortController();
    try {
      await this.ensureImage(peer, request, signal);
      const { body, restartPolicy } = splitRestartPolicy(parseCreateBody(source.createJson));
      // By the digest that the source runs, whatever the name stands for here.
      const Image = await referenceFor(this.d.engine, { name: source.image, id: source.imageId });
      const containerId = await this.d.engine.create(request.workload, { ...body, Image });
      const entry: TargetEntry = {
        role: 'target',
        migrationId: request.migrationId,
        workload: request.workload,
        epoch: request.epoch,
        containerId,
        restartPolicy,
      };
      await this.d.journal.write(entry);
      const live = await this.startWaiting(entry, source.networkFirst, abort, signal);
      live.receiving = this.receive(entry, live, peer).finally(() => peer.close());
      return { containerId };
    } catch (error) {
      peer.close();
      await this.discard(request);
      throw error;
    }
  }

  /** COMMIT: the tasks run here. Resolves as soon as they do; `finish` does the rest. */
  async run(request: { migrationId: string }): Promise<{ containerId: string }> {
    const entry = await this.decide(request.migrationId, 'run');
    if (entry === undefined) return { containerId: '' };
    await this.ticket(entry).run(AbortSignal.timeout(this.d.timeouts.settleMs));
    await this.d.ledger.record(entry.workload, { containerId: entry.containerId, epoch: entry.epoch });
    return { containerId: entry.containerId };
  }

  /** Resolves when Docker, too, knows that the container runs and has its restart policy. */
  async finish(request: { migrationId: string }): Promise<void> {
    const entry = await this.decide(request.migrationId, 'run');
    if (entry === undefined) return;
    await this.live.get(entry.migrationId)?.start;
    await this.d.engine.setRestartPolicy(entry.containerId, entry.restartPolicy);
    await this.forget(entry);
  }

  /** The migration is off: this half is removed. */
  async discard(request: { migrationId: string }): Promise<void> {
    const entry = await this.decide(request.migrationId, 'discard');
    if (entry === undefined) return;
    const live = this.live.get(entry.migrationId);
    live?.abort.abort(new DroverError('CANCELLED', 'The migration was called off.'));
    await live?.receiving;
    await this.ticket(entry).abort();
    // Docker gives the container's lock back when its start has failed.
    await live?.start.catch(() => undefined);
    await this.d.engine.remove(entry.containerId, { force: true });
    await this.forget(entry);
  }

  /** Whether Docker's start of this container waits here for a verdict. */
  holds(containerId: string): boolean {
    return [...this.live.values()].some((live) => live.containerId === containerId);
  }

  /** Resolves when no hand-over is under way here. */
  idle(): Promise<void> {
    return this.live.whenEmpty();
  }

  /** Carries out verdicts that were known before this agent started, and drops halves that can never be restored. */
  async recover(): Promise<void> {
    for (const entry of await this.d.journal.list()) {
      if (entry.role !== 'target') continue;
      const restored = (await this.ticket(entry).state()) === 'restored';
      if (entry.verdict === 'run') await this.run(entry).then(() => this.finish(entry));
      else if (entry.verdict === 'discard' || !restored) await this.discard(entry);
      else this.send(entry, { $case: 'restored', value: { restoreMs: 0 } });
    }
  }

  private async ensureImage(peer: PeerConnection, request: PrepareTarget, signal: AbortSignal): Promise<void> {
    const { imageId = '', image = '' } = request.source ?? {};
    if (await this.d.engine.hasImage(imageId)) return;
    this.d.log.info(
      { workload: request.workload, migration: request.migrationId, image },
      'fetching image from source',
    );
    await this.d.engine.loadImage(peer.fetchImage({ imageId, image, migrationId: request.migrationId }, signal));
    if (await this.d.engine.hasImage(imageId)) return;
    throw new DroverError('IMAGE_NOT_FOUND', `The image ${image} did not arrive as ${imageId}.`);
  }

  private async startWaiting(
    entry: TargetEntry,
    networkFirst: boolean,
    abort: AbortController,
    signal: AbortSignal,
  ): Promise<LiveRestore> {
    const ticket = await createTicket(this.d.paths, {
      containerId: entry.containerId,
      images: this.images(entry),
      deadlineS: Math.ceil(this.d.timeouts.waitForCheckpointMs / 1000),
      networkFirst,
    });
    const root = rootDirectoryOf(await this.d.engine.inspect(entry.containerId));
    const start = this.d.engine.start(entry.containerId);
    const live: LiveRestore = {
      containerId: entry.containerId,
      root,
      ticket,
      start,
      abort,
      receiving: Promise.resolve(),
    };
    this.live.set(entry.migrationId, live);
    // A start that fails before the shim waits says why; one that fails later is reported by who waits for it.
    const failed = start.then(() => new Promise<never>(() => undefined));
    failed.catch(() => undefined);
    await Promise.race([
      failed,
      ticket.waiting(AbortSignal.any([signal, AbortSignal.timeout(this.d.timeouts.shimMs)])),
    ]);
    return live;
  }

  private async receive(entry: TargetEntry, live: LiveRestore, peer: PeerConnection): Promise<void> {
    const { signal } = live.abort;
    try {
      const progress = throttled(250, (bytesReceived: number) =>
        this.send(entry, { $case: 'progress', value: { bytesReceived } }),
      );
      const { bytes } = await peer.fetchCheckpoint(
        { ...entry, directory: this.directory(entry), maxBytes: maxCheckpointBytes, onProgress: progress },
        signal,
      );
      const received = performance.now();
      await applyLayer(join(this.directory(entry), parts.layer), live.root);
      await live.ticket.restore();
      this.send(entry, { $case: 'received', value: { bytesTotal: bytes, bytesSent: bytes } });
      await live.ticket.restored(AbortSignal.any([signal, AbortSignal.timeout(this.d.timeouts.restoreMs)]));
      this.send(entry, { $case: 'restored', value: { restoreMs: performance.now() - received } });
    } catch (error) {
      if (!signal.aborted) this.send(entry, { $case: 'failed', value: toFailure(error) });
    }
  }

  private async decide(migrationId: string, verdict: 'run' | 'discard'): Promise<TargetEntry | undefined> {
    const entry = await this.d.journal.read(migrationId);
    if (entry?.role !== 'target') return undefined;
    if (entry.verdict !== undefined && entry.verdict !== verdict) {
      throw new DroverError('TOO_LATE', `This node has already decided to ${entry.verdict}.`, {
        details: { migration: migrationId },
      });
    }
    const decided = { ...entry, verdict };
    await this.d.journal.write(decided);
    return decided;
  }

  private async forget(entry: TargetEntry): Promise<void> {
    this.live.delete(entry.migrationId);
    await this.ticket(entry).remove();
    await rm(this.directory(entry), { recursive: true, force: true });
    await this.d.journal.remove(entry.migrationId);
  }

  private send(entry: TargetEntry, body: SignalBody): void {
    this.d.signal({ migrationId: entry.migrationId, epoch: entry.epoch, body });
  }

  private ticket(entry: TargetEntry): RestoreTicket {
    const ticket = { containerId: entry.containerId, images: this.images(entry) };
    return this.live.get(entry.migrationId)?.ticket ?? openTicket(this.d.paths, ticket);
  }

  private directory(entry: TargetEntry): string {
    return join(this.d.checkpoints, entry.migrationId);
  }

  private images(entry: TargetEntry): string {
    return join(this.directory(entry), parts.images);
  }
}

// Whoever holds a higher epoch must not be overtaken by a late order.
function requireNewer(ledger: HandoverDependencies['ledger'], { workload, epoch }: PrepareTarget): void {
  const highest = ledger.highestEpoch(workload);
  if (epoch > highest) return;
  throw new DroverError('STALE_EPOCH', `This node has seen ${workload} at epoch ${highest} already.`, {
    details: { workload, epoch: String(epoch) },
  });
}
