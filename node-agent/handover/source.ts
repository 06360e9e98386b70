import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DroverError, type Dumped, type FreezeSource, type PrepareSource, withDeadline } from '../../proto/index.ts';
import { readChunks } from '../checkpoint/chunk-reader.ts';
import { parts } from '../checkpoint/format.ts';
import { createBodyFrom } from '../docker/container-spec.ts';
import { noRestart } from '../docker/create-body.ts';
import { upperDirectoryOf } from '../layer/overlay-directories.ts';
import { packLayer } from '../layer/pack-layer.ts';
import { processesOf } from '../preflight/process-facts.ts';
import { ControlDirectory } from '../runtime/control-directory.ts';
import { heldDump, prepareDump, startDump } from '../runtime/dump.ts';
import { type Freezer, freezerOf } from '../runtime/freezer.ts';
import { findRuncTarget, type RuncTarget } from '../runtime/runc.ts';
import { readAhead } from '../transfer/read-ahead.ts';
import { requireHeld } from '../workloads/require-held.ts';
import type { HandoverDependencies } from './dependencies.ts';
import { freezeWithoutExecs } from './freeze-without-execs.ts';
import type { SourceEntry } from './journal.ts';
import { LiveMap } from './live-map.ts';
import { restorePolicy } from './restore-policy.ts';
import { Turns } from './turns.ts';

// What is known of a hand-over only while this agent lives.
interface LiveDump {
  readonly freezer: Freezer;
  readonly runc: RuncTarget;
  /** Directory of the container's writable layer. */
  readonly upper: string;
  frozenAt?: number;
}

type Order = { readonly migrationId: string };

/**
 * The source's half of hand-overs.
 *
 * INVARIANTS: between `freeze` and a verdict the tasks stay frozen, whatever becomes of this agent. `release` and
 * `thaw` are the only ways out; the first one journalled wins, and repeating it does no harm.
 */
export class SourceHandovers {
  private readonly live = new LiveMap<LiveDump>();
  private readonly turns = new Turns();
  private readonly d: HandoverDependencies;

  constructor(dependencies: HandoverDependencies) {
    this.d = dependencies;
  }

  /** Everything that can be done while the container runs. Errors: CONTAINER_NOT_FOUND, STALE_EPOCH, WORKLOAD_NOT_RUNNING. */
  prepare(request: PrepareSource): Promise<void> {
    return this.turns.run(request.migrationId, () => this.prepareNow(request));
  }

  /**
   * Freezes and dumps; resolves when the images are complete and the tasks held. On any error the tasks go on.
   * Errors: FREEZE_FAILED, CHECKPOINT_FAILED, UNMOVABLE, MIGRATION_NOT_FOUND when nothing was prepared.
   */
  freeze(request: FreezeSource, signal: AbortSignal): Promise<Dumped> {
    return this.turns.run(request.migrationId, (ending) => this.freezeNow(request, ending), { signal });
  }

  /** After COMMIT: the tasks are killed and the container removed. Resolves with the time they were frozen, if known. */
  release(order: Order): Promise<{ frozenMs: number }> {
    return this.turns.run(order.migrationId, async () => {
      const entry = await this.decide(order.migrationId, 'release');
      if (entry === undefined) return { frozenMs: 0 };
      const frozenAt = this.live.get(entry.migrationId)?.frozenAt;
      const frozenMs = frozenAt === undefined ? 0 : performance.now() - frozenAt;
      await this.speak(entry, 'release');
      await this.d.engine.remove(entry.containerId, { force: true });
      await this.d.ledger.forget(entry.workload);
      await this.forget(entry);
      return { frozenMs };
    });
  }

  /** The migration is off: the tasks go on here, and a dump under way is ended. */
  thaw(order: Order): Promise<void> {
    return this.turns.run(order.migrationId, () => this.thawNow(order), { urgent: true });
  }

  /** Resolves when no hand-over is under way here. */
  idle(): Promise<void> {
    return this.live.whenEmpty();
  }

  /** Carries out verdicts that were known before this agent started; the rest stays held. */
  async recover(): Promise<void> {
    for (const entry of await this.d.journal.list()) {
      if (entry.role !== 'source' || entry.verdict === undefined) continue;
      const done = entry.verdict === 'release' ? this.release(entry) : this.thaw(entry);
      // The coordinator repeats the verdict; what cannot be carried out now must not keep the agent down.
      await done.catch((error) => this.d.log.error({ err: error, migration: entry.migrationId }, 'not recovered yet'));
    }
  }

  private async prepareNow(request: PrepareSource): Promise<void> {
    const held = requireHeld(this.d.ledger, request.workload);
    if (held.epoch >= request.epoch) {
      throw new DroverError('STALE_EPOCH', `Workload ${request.workload} is already at epoch ${held.epoch} here.`);
    }
    const container = await this.d.engine.inspect(held.containerId);
    const { Pid: pid, Running: running } = container.State;
    if (!running) throw new DroverError('WORKLOAD_NOT_RUNNING', `Workload ${request.workload} is not running.`);
    const { cgroupDriver } = await this.d.engine.info();
    const runc = await findRuncTarget(this.d.paths, {
      containerId: container.Id,
      systemdCgroup: cgroupDriver === 'systemd',
    });
    const entry: SourceEntry = {
      role: 'source',
      migrationId: request.migrationId,
      workload: request.workload,
      epoch: request.epoch,
      containerId: container.Id,
      pid,
      restartPolicy: createBodyFrom(container).restartPolicy,
    };
    await this.d.journal.write(entry);
    // Otherwise Docker would start the container anew when CRIU kills it.
    await this.d.engine.setRestartPolicy(container.Id, noRestart);
    await prepareDump(this.control(entry), {
      images: this.images(entry),
      holdScript: join(this.d.paths.library, 'criu-hold'),
    });
    this.live.set(entry.migrationId, { freezer: await freezerOf(pid), runc, upper: upperDirectoryOf(container) });
    this.d.offers.make({
      migrationId: entry.migrationId,
      epoch: entry.epoch,
      targetNode: request.targetNode,
      imageId: container.Image,
      image: container.Config.Image,
    });
  }

  private async freezeNow(request: FreezeSource, signal: AbortSignal): Promise<Dumped> {
    const entry = await this.entryFor(request.migrationId);
    const live = this.live.get(request.migrationId);
    if (entry === undefined || live === undefined || entry.verdict !== undefined) {
      throw new DroverError('MIGRATION_NOT_FOUND', 'Nothing is prepared here for this migration.', {
        details: { migration: request.migrationId },
      });
    }
    const started = performance.now();
    try {
      await this.dump(entry, live, signal);
    } catch (error) {
      await this.thawNow(request);
      throw error;
    }
    return { bytesTotal: await sizeOf(this.images(entry)), dumpMs: performance.now() - started };
  }

  private async thawNow(order: Order): Promise<void> {
    const entry = await this.decide(order.migrationId, 'thaw');
    if (entry === undefined) return;
    await this.speak(entry, 'thaw');
    await restorePolicy(this.d.engine, entry);
    await this.forget(entry);
  }

  private async freezeTasks(entry: SourceEntry, live: LiveDump, signal: AbortSignal): Promise<void> {
    const { freezer } = live;
    live.frozenAt = performance.now();
    const tasks = () => processesOf({ id: entry.containerId, pid: entry.pid });
    await freezeWithoutExecs({ freezer, init: entry.pid, tasks, timeoutMs: this.d.timeouts.freezeMs, signal });
  }

  private async dump(entry: SourceEntry, live: LiveDump, signal: AbortSignal): Promise<void> {
    const { runc, upper } = live;
    const dump = startDump(this.control(entry), runc, this.images(entry));
    await withDeadline(this.d.timeouts.dumpMs, signal, (limit) => dump.ready(limit));
    await this.freezeTasks(entry, live, signal);
    await dump.proceed();
    const dumped = withDeadline(this.d.timeouts.dumpMs, signal, (limit) => dump.dumped(limit));
    // CRIU may leave links to unlinked files in the container, so its files are packed after the dump.
    const complete = dumped.then(() => packLayer(upper, join(this.directory(entry), parts.layer)));
    const facts = { workload: entry.workload, epoch: entry.epoch };
    this.d.offers.open(entry.migrationId, readAhead(readChunks(this.directory(entry), complete, facts), 2));
    await complete;
  }

  // The first verdict is durable before it is spoken; a different one later is a bug of the cluster and refused.
  private async decide(migrationId: string, verdict: 'release' | 'thaw'): Promise<SourceEntry | undefined> {
    const entry = await this.entryFor(migrationId);
    if (entry === undefined) return undefined;
    if (entry.verdict !== undefined && entry.verdict !== verdict) {
      throw new DroverError('TOO_LATE', `This node has already decided to ${entry.verdict}.`, {
        details: { migration: migrationId },
      });
    }
    const decided = { ...entry, verdict };
    await this.d.journal.write(decided);
    return decided;
  }

  private async speak(entry: SourceEntry, verdict: 'release' | 'thaw'): Promise<void> {
    const control = this.control(entry);
    const signal = AbortSignal.timeout(this.d.timeouts.settleMs);
    const begun = (await control.read('output')) !== undefined;
    if (begun) {
      const dump = heldDump(control);
      // CRIU holds the tasks by itself; what it kills under a v1 freezer dies when that opens.
      if (verdict === 'release') await dump.release(signal);
      // If it was killed, perhaps for want of memory, the tasks go on without it.
      else
        await dump
          .thaw(signal)
          .catch((err) => this.d.log.warn({ err, migration: entry.migrationId }, 'no end of CRIU'));
    }
    await (await this.freezer(entry))?.thaw();
  }

  private async freezer(entry: SourceEntry): Promise<Freezer | undefined> {
    return this.live.get(entry.migrationId)?.freezer ?? freezerOf(entry.pid).catch(() => undefined);
  }

  private async forget(entry: SourceEntry): Promise<void> {
    this.d.offers.withdraw(entry.migrationId);
    this.live.delete(entry.migrationId);
    await rm(this.directory(entry), { recursive: true, force: true });
    await rm(this.control(entry).path, { recursive: true, force: true });
    await this.d.journal.remove(entry.migrationId);
  }

  private async entryFor(migrationId: string): Promise<SourceEntry | undefined> {
    const entry = await this.d.journal.read(migrationId);
    return entry?.role === 'source' ? entry : undefined;
  }

  private control(entry: SourceEntry): ControlDirectory {
    return new ControlDirectory(join(this.d.paths.run, 'dump', entry.migrationId));
  }

  private directory(entry: SourceEntry): string {
    return join(this.d.checkpoints, entry.migrationId);
  }

  private images(entry: SourceEntry): string {
    return join(this.directory(entry), parts.images);
  }
}

async function sizeOf(directory: string): Promise<number> {
  const sizes = (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
