import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { DroverError, toDroverError, toFailure } from '../../proto/index.ts';
import type { Agents } from '../nodes/agents.ts';
import type { createExecutors } from './executors.ts';
import { execute, type StepContext, type StepFacts } from './executors.ts';
import type { HandoverMailbox } from './handover-mailbox.ts';
import type { MigrationBook } from './migration-book.ts';
import { canAbort, completion, isFinal, type MigrationEvent, type OpenPhase, transition } from './phases.ts';
import type { MigrationRecord } from './record.ts';
import { type Step, stepsOf } from './steps.ts';

/** What driving one migration needs. */
export interface Drive {
  readonly book: MigrationBook;
  readonly executors: ReturnType<typeof createExecutors>;
  readonly agents: Pick<Agents, 'waitUntilConnected'>;
  readonly mailbox: HandoverMailbox;
  /** Calls the migration off, as long as it can be. */
  readonly cancelled: AbortSignal;
  /** Leaves the migration where it is: the coordinator ends. */
  readonly stopped: AbortSignal;
  readonly retry: Retry;
  readonly log: Logger;
}

/** Pauses between attempts to have a verdict carried out, in milliseconds: doubling from the first to the last. */
export interface Retry {
  readonly firstMs: number;
  readonly lastMs: number;
}

/**
 * Drives one migration to its end.
 *
 * INVARIANTS: the record of a phase is durable before any of its steps begins. Before COMMIT a failing step leads to
 * aborting; from then on, and while aborting, steps are repeated until they succeed, because the verdict stands. Only a
 * target that has promised never to run can turn COMMIT into a rollback.
 */
export async function driveMigration(id: string, drive: Drive): Promise<MigrationRecord> {
  const clock: StepContext['clock'] = {};
  const started = performance.now();
  for (;;) {
    const record = drive.book.require(id);
    if (isFinal(record.phase) || drive.stopped.aborted) return record;
    const phase = record.phase as OpenPhase;
    const begun = performance.now();
    const outcome = canAbort(phase)
      ? await attempt(phase, record, drive, clock)
      : await insist(phase, record, drive, clock);
    if (outcome === undefined) return drive.book.require(id);
    await advance(drive, id, outcome, { phase, ms: performance.now() - begun, totalMs: performance.now() - started });
  }
}

interface Outcome {
  readonly event: MigrationEvent;
  readonly facts: StepFacts;
  readonly failure?: DroverError;
}

// The steps of a phase before COMMIT: done, or called off.
async function attempt(
  phase: OpenPhase,
  record: MigrationRecord,
  drive: Drive,
  clock: StepContext['clock'],
): Promise<Outcome> {
  let facts: StepFacts = {};
  try {
    for (const step of stepsOf(phase, record)) {
      drive.cancelled.throwIfAborted();
      facts = { ...facts, ...(await run(step, record, drive, drive.cancelled, clock)) };
    }
    return { event: completion[phase], facts };
  } catch (error) {
    const failure = toDroverError(drive.cancelled.aborted ? drive.cancelled.reason : error);
    drive.log.warn({ err: failure, phase }, 'the migration failed and is rolled back');
    return { event: 'failed', facts, failure };
  }
}

// The steps of a phase whose verdict stands: repeated until done. Undefined when the coordinator ends first.
async function insist(
  phase: OpenPhase,
  record: MigrationRecord,
  drive: Drive,
  clock: StepContext['clock'],
): Promise<Outcome | undefined> {
  let facts: StepFacts = {};
  for (const step of stepsOf(phase, record)) {
    const done = await repeat(step, record, drive, clock);
    if (done === undefined) return undefined;
    if (done instanceof DroverError) return { event: 'refused', facts, failure: done };
    facts = { ...facts, ...done };
  }
  return { event: completion[phase], facts };
}

async function repeat(
  step: Step,
  record: MigrationRecord,
  drive: Drive,
  clock: StepContext['clock'],
): Promise<StepFacts | DroverError | undefined> {
  const { firstMs, lastMs } = drive.retry;
  for (let pauseMs = firstMs; ; pauseMs = Math.min(pauseMs * 2, lastMs)) {
    try {
      await drive.agents.waitUntilConnected(step.node, drive.stopped);
      return await run(step, record, drive, drive.stopped, clock);
    } catch (error) {
      if (drive.stopped.aborted) return undefined;
      if (isRefusal(step, error)) return error;
      drive.log.warn(
        { err: error, node: step.node, step: step.kind, retryMs: pauseMs },
        'a node has yet to carry out the verdict',
      );
      await sleep(pauseMs, undefined, { signal: drive.stopped }).catch(() => undefined);
    }
  }
}

// The target has decided otherwise and journalled it, so the frozen tasks at the source are the only copy there will be.
function isRefusal({ kind }: Step, error: unknown): error is DroverError {
  return kind === 'resumeTarget' && error instanceof DroverError && error.code === 'TOO_LATE';
}

function run(
  step: Step,
  record: MigrationRecord,
  drive: Drive,
  signal: AbortSignal,
  clock: StepContext['clock'],
): Promise<StepFacts> {
  return execute(drive.executors, step, { record, mailbox: drive.mailbox, signal, clock });
}

async function advance(
  { book, log }: Drive,
  id: string,
  outcome: Outcome,
  spent: { phase: string; ms: number; totalMs: number },
): Promise<void> {
  const before = book.require(id);
  const phase = transition(before.phase, outcome.event);
  const failure = outcome.failure === undefined ? {} : { failure: toFailure(outcome.failure) };
  const end = isFinal(phase) ? { endedAt: new Date().toISOString(), totalMs: before.checkMs + spent.totalMs } : {};
  await book.write({
    ...before,
    ...outcome.facts,
    ...failure,
    ...end,
    phase,
    phases: [...before.phases, { phase: spent.phase, ms: spent.ms }],
  });
  log.info({ phase, from: before.phase, ms: Math.round(spent.ms) }, 'migration moved on');
}
