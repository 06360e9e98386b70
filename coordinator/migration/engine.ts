import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { DroverError, SourceCheck, toFailure } from '../../proto/index.ts';
import type { Clock } from '../clock.ts';
import type { Timeouts } from '../config.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Agents } from '../nodes/agents.ts';
import type { Inbound } from '../nodes/fleet.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import type { Store } from '../store/port.ts';
import type { WorkloadRegistry } from '../workloads/registry.ts';
import { type CheckedMigration, checkMigration } from './checks.ts';
import { driveMigration, type Retry } from './drive.ts';
import { createExecutors, migrationTimedOut } from './executors.ts';
import { HandoverMailbox } from './handover-mailbox.ts';
import { openMigrationBook } from './migration-book.ts';
import type { Migrations } from './migrations-port.ts';
import { canAbort, isCommitted, isFinal } from './phases.ts';
import { type MigrationRecord, sourceOf, toMigration } from './record.ts';

/** What the engine needs of the rest of the coordinator. */
export interface EngineDependencies {
  readonly store: Store;
  readonly agents: Agents;
  readonly nodes: NodeRegistry;
  readonly workloads: WorkloadRegistry;
  readonly events: EventLog;
  readonly log: Logger;
  readonly timeouts: Timeouts;
  readonly clock: Clock;
  /** By default from 200 ms to 10 s. */
  readonly retry?: Retry;
}

const defaultRetry: Retry = { firstMs: 200, lastMs: 10_000 };

// How long a cancellation waits to see its effect before it answers with what there is.
const cancelWaitMs = 10_000;

interface OpenMigration {
  readonly mailbox: HandoverMailbox;
  readonly cancel: AbortController;
  ended: Promise<void>;
}

/** Starts, drives and remembers migrations. */
export async function createMigrationEngine(dependencies: EngineDependencies): Promise<Migrations> {
  const { agents, workloads, events, timeouts, clock, log, retry = defaultRetry } = dependencies;
  const book = await openMigrationBook(dependencies.store);
  const executors = createExecutors(dependencies);
  const open = new Map<string, OpenMigration>();
  const stopped = new AbortController();
  let accepting = true;
  const unsubscribe = agents.onSignal((node, { migrationId, epoch, body }) => {
    const record = book.get(migrationId);
    if (record?.to === node && record.epoch === epoch && body) open.get(migrationId)?.mailbox.deliver(body);
  });

  return {
    async start(request) {
      if (!accepting) throw shuttingDown();
      const begun = performance.now();
      const checked = await checkMigration(dependencies, request, inbound());
      const record = newRecord(checked, clock.now(), performance.now() - begun);
      if (request.dryRun) return toMigration(record);
      await workloads.beginMigration(record.workload, record.id);
      try {
        if (!accepting) throw shuttingDown();
        await book.write(record);
      } catch (error) {
        await workloads.endMigration(record.workload, record.id);
        throw error;
      }
      await tell(record, 'migration.started', `${record.workload} is moving from ${record.from} to ${record.to}.`);
      drive(record, request.timeoutMs ?? timeouts.migrationMs);
      return toMigration(record);
    },
    get: async (id) => toMigration(book.require(id)),
    list: async ({ workload, limit }) =>
      book
        .list()
        .filter((record) => workload === undefined || record.workload === workload)
        .slice(0, limit)
        .map(toMigration),
    async *watch(id, signal) {
      for await (const record of book.watch(id, AbortSignal.any([signal, stopped.signal]))) yield toMigration(record);
    },
    async cancel(id) {
      const record = book.require(id);
      if (isFinal(record.phase)) throw alreadyFinal(record);
      const { cancel, ended } = open.get(id) ?? {};
      cancel?.abort(new DroverError('CANCELLED', 'It was cancelled.'));
      // COMMIT may be written while the cancellation is on its way.
      for await (const { phase } of book.watch(id, AbortSignal.timeout(cancelWaitMs))) {
        if (isCommitted(phase)) throw tooLate(record);
      }
      await within(ended ?? Promise.resolve(), cancelWaitMs);
      return toMigration(book.require(id));
    },
    async resumeOpen() {
      for (const { name, migrationId } of workloads.list()) {
        if (migrationId === undefined) continue;
        const record = book.get(migrationId);
        // The process ended between two writes: the migration never began, or is over and only its workload is marked.
        if (record === undefined) await workloads.endMigration(name, migrationId);
        else await settle(record);
      }
      for (const record of book.list().filter(({ phase }) => !isFinal(phase))) {
        drive(canAbort(record.phase) ? await abandon(record) : record, timeouts.migrationMs);
      }
    },
    async stop(graceMs) {
      accepting = false;
      const all = () => Promise.all([...open.values()].map(({ ended }) => ended));
      // Most are over in a second; the rest is called off while there is time to hear that it was.
      await within(all(), graceMs * 0.6);
      for (const { cancel } of open.values()) cancel.abort(shuttingDown());
      await within(all(), graceMs * 0.4);
      stopped.abort(shuttingDown());
      await all();
      unsubscribe();
    },
  };

  function drive(record: MigrationRecord, timeoutMs: number): void {
    const cancel = new AbortController();
    const deadline = setTimeout(() => cancel.abort(migrationTimedOut(timeoutMs)), timeoutMs);
    const migration: OpenMigration = {
      mailbox: new HandoverMailbox((bytes) => book.progress(record.id, bytes)),
      cancel,
      ended: Promise.resolve(),
    };
    open.set(record.id, migration);
    const facts = { workload: record.workload, migration: record.id, epoch: record.epoch };
    migration.ended = driveMigration(record.id, {
      book,
      executors,
      agents,
      mailbox: migration.mailbox,
      cancelled: cancel.signal,
      stopped: stopped.signal,
      retry,
      log: log.child(facts),
    })
      .then(settle)
      .catch((error) => log.error({ err: error, ...facts }, 'a migration could not be driven on'))
      .finally(() => {
        clearTimeout(deadline);
        open.delete(record.id);
      });
  }

  async function settle(record: MigrationRecord): Promise<void> {
    if (!isFinal(record.phase)) return;
    const { id, workload, to, epoch, containerId = '' } = record;
    const moved = record.phase === 'committed' ? { node: to, containerId, epoch } : undefined;
    await workloads.endMigration(workload, id, moved);
    if (moved) await tell(record, 'migration.committed', `${workload} runs on ${to}.`);
    else
      await tell(
        record,
        'migration.rolled_back',
        `${workload} stayed on ${record.from}: ${record.failure?.message ?? ''}`,
      );
  }

  // Nothing of an open migration before COMMIT is worth more than a clear end: its signals went to a process that is gone.
  async function abandon(record: MigrationRecord): Promise<MigrationRecord> {
    const error = new DroverError('COORDINATOR_RESTARTED', 'The coordinator was restarted before the commit.');
    const abandoned: MigrationRecord = { ...record, phase: 'aborting', failure: toFailure(error) };
    await book.write(abandoned);
    return abandoned;
  }

  function inbound(): Inbound {
    const sums = new Map<string, { moves: number; bytes: number }>();
    for (const record of book.list().filter(({ phase }) => !isFinal(phase))) {
      const sum = sums.get(record.to) ?? { moves: 0, bytes: 0 };
      sums.set(record.to, { moves: sum.moves + 1, bytes: sum.bytes + sourceOf(record).memoryBytes });
    }
    return sums;
  }

  async function tell(record: MigrationRecord, type: string, message: string): Promise<void> {
    const { id, workload, from, to, epoch } = record;
    const code = record.failure === undefined ? {} : { code: record.failure.code };
    await events.record({
      type,
      message,
      workload,
      migration: id,
      details: { from, to, epoch: String(epoch), ...code },
    });
  }
}

function newRecord({ workload, to, choice, source }: CheckedMigration, now: Date, checkMs: number): MigrationRecord {
  return {
    id: `m-${now.getTime().toString(36)}-${randomBytes(2).toString('hex')}`,
    workload: workload.name,
    from: workload.node,
    to,
    strategy: 'cold',
    epoch: workload.epoch + 1,
    phase: 'preparing',
    choice,
    source: SourceCheck.toJSON(source),
    bytesTotal: 0,
    bytesSent: 0,
    phases: [{ phase: 'checking', ms: checkMs }],
    startedAt: now.toISOString(),
    checkMs,
  };
}

async function within(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}

function shuttingDown(): DroverError {
  return new DroverError('SHUTTING_DOWN', 'The coordinator is shutting down; try again when it is back.');
}

function alreadyFinal({ id, phase }: MigrationRecord): DroverError {
  return new DroverError('MIGRATION_FINAL', `Migration ${id} is over: ${phase.replace('_', ' ')}.`, {
    details: { migration: id },
  });
}

function tooLate({ id, workload, to }: MigrationRecord): DroverError {
  return new DroverError(
    'TOO_LATE',
    `Migration ${id} is committed: ${workload} runs on ${to} now; move it back instead.`,
    {
      details: { migration: id },
    },
  );
}
