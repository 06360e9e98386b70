import type { ExecutionContext } from 'ava';
import type { Clock } from '../../coordinator/clock.ts';
import { timeoutsSchema } from '../../coordinator/config.ts';
import { createEventLog, type EventLog } from '../../coordinator/events/event-log.ts';
import { createMigrationEngine } from '../../coordinator/migration/engine.ts';
import type { Migrations, StartRequest } from '../../coordinator/migration/migrations-port.ts';
import { type MigrationRecord, migrationSchema } from '../../coordinator/migration/record.ts';
import { createNodeRegistry, type NodeRegistry } from '../../coordinator/nodes/registry.ts';
import { openMemoryStore } from '../../coordinator/store/memory-store.ts';
import type { Store } from '../../coordinator/store/port.ts';
import { createWorkloadRegistry, type WorkloadRegistry } from '../../coordinator/workloads/registry.ts';
import { EngineFacts, type HandoverSignal, type Migration, SourceCheck } from '../../proto/index.ts';
import { aMemory, mib } from './a-fleet.ts';
import { type FakeAgents, fakeAgents } from './fake-agents.ts';
import { fakeClock } from './fake-clock.ts';
import { silentLog as log } from './silent-log.ts';
import { until } from './until.ts';

/** One process of a coordinator; the next one finds only what is in the store. */
export interface Process {
  readonly engine: Migrations;
  readonly workloads: WorkloadRegistry;
  readonly nodes: NodeRegistry;
  readonly events: EventLog;
  /** Ends it as a power cut would: from now on it reaches neither the store nor any agent. */
  kill(): Promise<void>;
}

/** A target that is undefined lets the policy choose. */
type Changes = { readonly [K in keyof StartRequest]?: StartRequest[K] | undefined };

const retry = { firstMs: 1, lastMs: 4 };

/** The parts of a coordinator that migrate, with the nodes edge-1 to edge-3, and web on edge-1. */
export async function migrationHost(t: Pick<ExecutionContext, 'teardown'>, timeouts: object = {}) {
  const [store, agents] = [await openMemoryStore(), fakeAgents()];
  Object.assign(agents.answers, goodAnswers(agents));
  const clock = fakeClock();
  const host = { store, agents, clock, timeouts: timeoutsSchema.parse(timeouts) };
  let now = await startProcess(host);
  await now.workloads.create({ name: 'web', node: 'edge-1', containerId: 'c-old', epoch: 4, image: 'i' });
  t.teardown(async () => {
    await now.kill();
    await store.close();
  });

  return {
    ...{ store, agents, clock },
    get engine() {
      return now.engine;
    },
    get workloads() {
      return now.workloads;
    },
    get nodes() {
      return now.nodes;
    },
    events: async () => (await now.events.read()).map(({ type }) => type),
    start: (changes: Changes = {}) =>
      now.engine.start({ workload: 'web', to: 'edge-2', strategy: 'auto', dryRun: false, ...changes } as StartRequest),
    /** The migration when it is over and its workload free again. */
    async ended(id: string): Promise<Migration> {
      await until(() => now.workloads.list().every(({ migrationId }) => migrationId !== id));
      return now.engine.get(id);
    },
    stored: (id: string) => storedMigration(store, id),
    /** Resolves when the command was sent for the `count`th time. */
    sent: (order: string, count = 1) => until(() => agents.orders().filter((one) => one === order).length >= count),
    restart: async () => {
      await now.kill();
      now = await startProcess(host);
      await now.engine.resumeOpen();
    },
    /** News of the migration from its target. */
    news: ({ id, epoch }: Pick<Migration, 'id' | 'epoch'>, body: NonNullable<HandoverSignal['body']>) =>
      agents.deliver('edge-2', { migrationId: id, epoch, body }),
  };
}

export const received = { $case: 'received', value: { bytesTotal: 1000, bytesSent: 900 } } as const;
export const restored = { $case: 'restored', value: { restoreMs: 5 } } as const;

/** The record of a migration as it is in the store, or undefined. */
export async function storedMigration(store: Store, id: string): Promise<MigrationRecord | undefined> {
  const entry = await store.get(`migrations/${id}`);
  return entry && migrationSchema.parse(JSON.parse(entry.value));
}

/** Answer of a source whose container can be moved. */
export function aSource(changes: Partial<SourceCheck> = {}): SourceCheck {
  return SourceCheck.fromPartial({ memoryBytes: 64 * mib, createJson: '{}', containerId: 'c-old', ...changes });
}

// Nodes with which everything goes well.
function goodAnswers(agents: FakeAgents): FakeAgents['answers'] {
  return {
    checkSource: () => ({ source: aSource() }),
    prepareTarget: () => ({ containerId: 'c-new' }),
    freezeSource: ({ migrationId, epoch }) => {
      setImmediate(() => {
        for (const body of [received, restored]) agents.deliver('edge-2', { migrationId, epoch, body });
      });
      return { dumped: { bytesTotal: 800, dumpMs: 3 } };
    },
    resumeTarget: () => ({ containerId: 'c-new' }),
    releaseSource: () => ({ released: { frozenMs: 12 } }),
  };
}

/** Starts a coordinator's parts over what the store holds. */
export async function startProcess(host: {
  readonly store: Store;
  readonly agents: FakeAgents;
  readonly clock: Clock;
  readonly timeouts: ReturnType<typeof timeoutsSchema.parse>;
}): Promise<Process> {
  const life = new AbortController();
  const [store, agents] = [mortalStore(host.store, life.signal), mortalAgents(host.agents, life.signal)];
  const { clock, timeouts } = host;
  const events = await createEventLog({ store, clock, log });
  const workloads = await createWorkloadRegistry({ store });
  const nodes = await createNodeRegistry({ store, clock, staleAfterMs: 15_000 });
  for (const name of ['edge-1', 'edge-2', 'edge-3']) await connectNode(nodes, name);
  const engine = await createMigrationEngine({
    ...{ store, agents, nodes, workloads, events, log, timeouts, clock, retry },
  });
  const kill = async () => {
    life.abort(new Error('this process has ended'));
    await engine.stop(0);
  };
  return { engine, workloads, nodes, events, kill };
}

async function connectNode(nodes: NodeRegistry, name: string): Promise<void> {
  await nodes.admit({ name, fingerprint: name });
  const engine = EngineFacts.fromPartial({ arch: 'x86_64', cgroupVersion: '2', shimReady: true });
  nodes.connected(name, {
    agentVersion: '1',
    transferAddress: `${name}:7401`,
    containers: [],
    memory: aMemory(),
    engine,
  });
}

function mortalStore(store: Store, life: AbortSignal): Store {
  return {
    ...store,
    get: (key) => store.get(key),
    range: (prefix) => store.range(prefix),
    async transact(transaction) {
      life.throwIfAborted();
      return store.transact(transaction);
    },
  };
}

function mortalAgents(agents: FakeAgents, life: AbortSignal): FakeAgents {
  return {
    ...agents,
    async send(node, body, options) {
      life.throwIfAborted();
      return agents.send(node, body, options);
    },
  };
}
