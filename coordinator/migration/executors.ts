import { DroverError, withDeadline } from '../../proto/index.ts';
import type { Timeouts } from '../config.ts';
import type { Agents } from '../nodes/agents.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import type { CommandBody } from '../nodes/session.ts';
import type { HandoverMailbox } from './handover-mailbox.ts';
import type { MigrationRecord } from './record.ts';
import type { Step, StepKind, StepOf } from './steps.ts';

/** Facts that a step adds to the record of its migration. */
export type StepFacts = Partial<
  Pick<MigrationRecord, 'containerId' | 'bytesTotal' | 'bytesSent' | 'frozenMs' | 'downtimeMs'>
>;

/** What executors may touch. */
export interface ExecutorDependencies {
  readonly agents: Pick<Agents, 'send' | 'waitUntilLost'>;
  readonly nodes: Pick<NodeRegistry, 'require'>;
  readonly timeouts: Timeouts;
}

/** One migration while it is being worked on. */
export interface StepContext {
  readonly record: MigrationRecord;
  readonly mailbox: HandoverMailbox;
  readonly signal: AbortSignal;
  /** Monotonic time at which the freeze was ordered, once it was. */
  readonly clock: { frozenAt?: number };
}

type Executor<K extends StepKind> = (step: StepOf<K>, context: StepContext) => Promise<StepFacts>;

/** One executor per step kind. Each can be repeated: agents recognise what they have done already. */
export function createExecutors(dependencies: ExecutorDependencies): { readonly [K in StepKind]: Executor<K> } {
  const { agents, nodes, timeouts } = dependencies;
  const order = (node: string, body: CommandBody, timeoutMs: number, signal: AbortSignal) =>
    agents.send(node, body, { timeoutMs, signal });
  // The source is frozen meanwhile, and would be until the deadline when the target is gone for good.
  const unlessLost = async <T>(node: string, signal: AbortSignal, wait: (either: AbortSignal) => Promise<T>) => {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const lost = agents.waitUntilLost(node, timeouts.reconnectMs, either).then(() => Promise.reject(lostTarget(node)));
    try {
      return await Promise.race([wait(either), lost]);
    } finally {
      over.abort();
    }
  };

  return {
    prepareSource: async ({ node, workload, targetNode }, { record, signal }) => {
      const value = { ...idOf(record), workload, targetNode };
      await order(node, { $case: 'prepareSource', value }, timeouts.prepareMs, signal);
      return {};
    },
    prepareTarget: async ({ node, workload, source, sourceNode }, { record, signal }) => {
      const sourceAddress = nodes.require(sourceNode).transferAddress;
      const value = { ...idOf(record), workload, source, sourceNode, sourceAddress };
      const { containerId } = await order(node, { $case: 'prepareTarget', value }, timeouts.prepareMs, signal);
      return { containerId };
    },
    freezeSource: async ({ node }, { record, mailbox, signal, clock }) => {
      mailbox.throwIfFailed();
      clock.frozenAt = performance.now();
      const value = idOf(record);
      const over = new AbortController();
      const either = AbortSignal.any([signal, over.signal]);
      try {
        const dumped = order(node, { $case: 'freezeSource', value }, timeouts.freezeMs, either);
        const done = await Promise.race([dumped, mailbox.failure(either)]);
        return { bytesTotal: done.dumped?.bytesTotal ?? 0 };
      } finally {
        over.abort();
      }
    },
    awaitReceived: async ({ node }, { mailbox, signal }) => {
      const { bytesTotal, bytesSent } = await unlessLost(node, signal, (either) =>
        withDeadline(timeouts.transferMs, either, (limit) => mailbox.next('received', limit)),
      );
      return { bytesTotal, bytesSent };
    },
    awaitRestored: async ({ node }, { mailbox, signal }) => {
      await unlessLost(node, signal, (either) =>
        withDeadline(timeouts.restoreMs, either, (limit) => mailbox.next('restored', limit)),
      );
      return {};
    },
    resumeTarget: async ({ node }, { record, signal, clock }) => {
      const value = idOf(record);
      const { containerId } = await order(node, { $case: 'resumeTarget', value }, timeouts.resumeMs, signal);
      const downtimeMs = clock.frozenAt === undefined ? {} : { downtimeMs: performance.now() - clock.frozenAt };
      // A repeated order finds nothing left to do and names no container.
      return containerId === '' ? downtimeMs : { containerId, ...downtimeMs };
    },
    releaseSource: async ({ node }, { record, signal }) => {
      const value = idOf(record);
      const { released } = await order(node, { $case: 'releaseSource', value }, timeouts.releaseMs, signal);
      return released === undefined || released.frozenMs === 0 ? {} : { frozenMs: released.frozenMs };
    },
    finishTarget: async ({ node }, { record, signal }) => {
      await order(node, { $case: 'finishTarget', value: idOf(record) }, timeouts.releaseMs, signal);
      return {};
    },
    thawSource: async ({ node }, { record, signal }) => {
      await order(node, { $case: 'thawSource', value: idOf(record) }, timeouts.abortMs, signal);
      return {};
    },
    discardTarget: async ({ node }, { record, signal }) => {
      await order(node, { $case: 'discardTarget', value: idOf(record) }, timeouts.abortMs, signal);
      return {};
    },
  };
}

/** Executes one step with the executor of its kind. */
export function execute(
  executors: ReturnType<typeof createExecutors>,
  step: Step,
  context: StepContext,
): Promise<StepFacts> {
  // The table is exhaustive by type; only the pairing of kind and step is lost to the compiler here.
  const executor = executors[step.kind] as Executor<StepKind>;
  return executor(step, context);
}

function idOf(record: MigrationRecord): { migrationId: string; epoch: number } {
  return { migrationId: record.id, epoch: record.epoch };
}

function lostTarget(node: string): DroverError {
  return new DroverError('AGENT_LOST', `${node} was lost before it had restored the tasks.`, { details: { node } });
}

/** The failure that stands for a deadline of the whole migration. */
export function migrationTimedOut(timeoutMs: number): DroverError {
  return new DroverError('TIMEOUT', `The migration did not reach its commit within ${Math.round(timeoutMs / 1000)} s.`);
}
