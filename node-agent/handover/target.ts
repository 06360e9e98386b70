import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DroverError, type PrepareTarget, toFailure } from '../../proto/index.ts';
import { parts } from '../checkpoint/format.ts';
import { parseCreateBody, splitRestartPolicy } from '../docker/create-body.ts';
import { referenceFor } from '../docker/image-reference.ts';
import { openTicket, type RestoreTicket } from '../runtime/restore-ticket.ts';
import { PeerConnection } from '../transfer/fetch-checkpoint.ts';
import type { HandoverDependencies } from './dependencies.ts';
import type { TargetEntry } from './journal.ts';
import { LiveMap } from './live-map.ts';
import { PendingRestore } from './pending-restore.ts';
import { restorePolicy } from './restore-policy.ts';
import { Turns } from './turns.ts';

type Order = { readonly migrationId: string };

/**
 * The target's half of hand-overs.
 *
 * INVARIANTS: the restored tasks stay stopped until `run`; once "restored" was signalled only the coordinator's word
 * ends the wait. The first verdict journalled wins, and repeating it does no harm.
 */
export class TargetHandovers {
  private readonly pending = new LiveMap<PendingRestore>();
  private readonly turns = new Turns();
  private readonly d: HandoverDependencies;

  constructor(dependencies: HandoverDependencies) {
    this.d = dependencies;
  }

  /**
   * Makes the container and has Docker start it as far as the shim's wait for the images; then receives the checkpoint
   * in the background and signals received, restored or failed. Resolves with the container's id. On any error nothing
   * of it is left. Errors: STALE_EPOCH, IMAGE_NOT_FOUND, WORKLOAD_EXISTS, DOCKER_FAILED, …
   */
  prepare(request: PrepareTarget, signal: AbortSignal): Promise<{ containerId: string }> {
    return this.turns.run(request.migrationId, (ending) => this.prepareNow(request, ending), { signal });
  }

  /** COMMIT: the tasks run here. Resolves as soon as they do; `finish` does the rest. */
  run(order: Order): Promise<{ containerId: string }> {
    return this.turns.run(order.migrationId, async () => {
      const entry = await this.decide(order, 'run');
      if (entry === undefined) return { containerId: '' };
      // After a reboot there is no ticket: the tasks ran and are gone, and only the books remain to be closed.
      const ticket = this.ticket(entry);
      if ((await ticket.state()) !== undefined) await ticket.run(AbortSignal.timeout(this.d.timeouts.settleMs));
      await this.d.ledger.record(entry.workload, { containerId: entry.containerId, epoch: entry.epoch });
      return { containerId: entry.containerId };
    });
  }

  /** Resolves when Docker, too, knows that the container runs and has its restart policy. */
  finish(order: Order): Promise<void> {
    return this.turns.run(order.migrationId, async () => {
      const entry = await this.decide(order, 'run');
      if (entry === undefined) return;
      await this.pending.get(entry.migrationId)?.started();
      await restorePolicy(this.d.engine, entry);
      await this.forget(entry);
    });
  }

  /** The migration is off: this half is removed, and a preparation under way is ended. */
  discard(order: Order): Promise<void> {
    return this.turns.run(order.migrationId, () => this.discardNow(order), { urgent: true });
  }

  /** Whether Docker's start of this container waits here for a verdict. */
  holds(containerId: string): boolean {
    return [...this.pending.values()].some((pending) => pending.containerId === containerId);
  }

  /** Resolves when no hand-over is under way here. */
  idle(): Promise<void> {
    return this.pending.whenEmpty();
  }

  /** Carries out verdicts that were known before this agent started, and drops halves that can never be restored. */
  async recover(): Promise<void> {
    for (const entry of await this.d.journal.list()) {
      if (entry.role !== 'target') continue;
      // The coordinator repeats the verdict; what cannot be carried out now must not keep the agent down.
      await this.recoverOne(entry).catch((error) =>
        this.d.log.error({ err: error, migration: entry.migrationId }, 'not recovered yet'),
      );
    }
  }

  private async recoverOne(entry: TargetEntry): Promise<void> {
    const restored = (await this.ticket(entry).state()) === 'restored';
    if (entry.verdict === 'run') await this.run(entry).then(() => this.finish(entry));
    else if (entry.verdict === 'discard' || !restored) await this.renounce(entry);
    else this.signalRestored(entry);
  }

  private async prepareNow(request: PrepareTarget, signal: AbortSignal): Promise<{ containerId: string }> {
    const { source } = request;
    if (source === undefined) throw new DroverError('BAD_MESSAGE', 'The order says nothing of the container.');
    requireNewer(this.d.ledger, request);
    const peer = new PeerConnection({ node: request.sourceNode, address: request.sourceAddress }, this.d.tls());
    try {
      await this.ensureImage(peer, request, signal);
      const { body, restartPolicy } = splitRestartPolicy(parseCreateBody(source.createJson));
      // By the digest that the source runs, whatever the name stands for here.
      const Image = await referenceFor(this.d.engine, { name: source.image, id: source.imageId });
      signal.throwIfAborted();
      const containerId = await this.d.engine.create(request.workload, { ...body, Image });
      const { migrationId, workload, epoch } = request;
      const entry: TargetEntry = { role: 'target', migrationId, workload, epoch, containerId, restartPolicy };
      await this.d.journal.write(entry);
      const pending = await PendingRestore.begin(this.d, entry, source.networkFirst);
      this.pending.set(migrationId, pending);
      await pending.waiting(signal);
      pending.receive(peer);
      return { containerId };
    } catch (error) {
      peer.close();
      await this.discardNow(request);
      throw error;
    }
  }

  private async discardNow(order: Order): Promise<void> {
    const entry = await this.decide(order, 'discard');
    if (entry === undefined) return;
    await this.removeHalf(entry);
    await this.forget(entry);
  }

  // The entry stays as a promise never to run, which outlives the half: COMMIT may have been written meanwhile, and its
  // order must not find nothing and take that for done. The coordinator's own discard ends it.
  private async renounce(entry: TargetEntry): Promise<void> {
    await this.decide(entry, 'discard');
    await this.removeHalf(entry);
    await this.clear(entry);
    this.tellLost(entry);
  }

  private async removeHalf(entry: TargetEntry): Promise<void> {
    const pending = this.pending.get(entry.migrationId);
    await (pending === undefined ? this.ticket(entry).abort() : pending.abort());
    await this.d.engine.remove(entry.containerId, { force: true });
  }

  private async ensureImage(peer: PeerConnection, request: PrepareTarget, signal: AbortSignal): Promise<void> {
    const { workload, migrationId } = request;
    const { imageId = '', image = '' } = request.source ?? {};
    if (await this.d.engine.hasImage(imageId)) return;
    this.d.log.info({ workload, migration: migrationId, image }, 'fetching the image from the source');
    await this.d.engine.loadImage(peer.fetchImage({ imageId, image, migrationId }, signal), signal);
    if (await this.d.engine.hasImage(imageId)) return;
    throw new DroverError('IMAGE_NOT_FOUND', `The image ${image} did not arrive as ${imageId}.`);
  }

  private async decide({ migrationId }: Order, verdict: 'run' | 'discard'): Promise<TargetEntry | undefined> {
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
    await this.clear(entry);
    await this.d.journal.remove(entry.migrationId);
  }

  private async clear(entry: TargetEntry): Promise<void> {
    this.pending.delete(entry.migrationId);
    await this.ticket(entry).remove();
    await rm(join(this.d.checkpoints, entry.migrationId), { recursive: true, force: true });
  }

  private ticket(entry: TargetEntry): RestoreTicket {
    const images = join(this.d.checkpoints, entry.migrationId, parts.images);
    const ticket = { containerId: entry.containerId, images };
    return this.pending.get(entry.migrationId)?.ticket ?? openTicket(this.d.paths, ticket);
  }

  // Or the source would stay frozen until the coordinator has waited for the checkpoint long enough.
  private tellLost({ migrationId, epoch }: TargetEntry): void {
    const lost = new DroverError(
      'AGENT_LOST',
      'The agent of the target was restarted before it had restored the tasks.',
    );
    this.d.signal({ migrationId, epoch, body: { $case: 'failed', value: toFailure(lost) } });
  }

  private signalRestored({ migrationId, epoch }: TargetEntry): void {
    this.d.signal({ migrationId, epoch, body: { $case: 'restored', value: { restoreMs: 0 } } });
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
