import { z } from 'zod';
import { type ContainerReport, DroverError, type EngineFacts, type MemoryReport } from '../../proto/index.ts';
import type { Clock } from '../clock.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { type Pressure, pressureOf } from '../policy/pressure.ts';
import { collection } from '../store/collection.ts';
import type { Store } from '../store/port.ts';
import { livenessOf, type NodeLiveness } from './liveness.ts';

/** A node as it is now: what is durable, and what its session last said. */
export interface NodeView {
  readonly name: string;
  readonly joinedAt: Date;
  /** Of its newest certificate, as in `Identity`. */
  readonly fingerprint: string;
  readonly certificateExpiresAt?: Date | undefined;
  readonly cordoned: boolean;
  readonly connected: boolean;
  readonly state: NodeLiveness;
  readonly pressure: Pressure;
  /** Since the last report; infinite when there was none since the coordinator started. */
  readonly ageMs: number;
  readonly memory?: MemoryReport | undefined;
  readonly engine?: EngineFacts | undefined;
  /** HOST:PORT of its transfer service; empty when it never connected since the coordinator started. */
  readonly transferAddress: string;
  readonly agentVersion: string;
  readonly containers: readonly ContainerReport[];
}

/** The certificate that makes a device a node. */
export interface NodeCertificate {
  readonly name: string;
  readonly fingerprint: string;
  readonly certificateExpiresAt?: Date | undefined;
}

/** What a session says when it opens, and what each of its heartbeats says again. */
export interface NodeReport {
  readonly memory?: MemoryReport | undefined;
  readonly containers: readonly ContainerReport[];
}
export interface NodeHello extends NodeReport {
  readonly agentVersion: string;
  readonly engine?: EngineFacts | undefined;
  readonly transferAddress: string;
}

/** Every node that joined and was not removed. */
export interface NodeRegistry {
  get(name: string): NodeView | undefined;
  /** Sorted by name. */
  list(): NodeView[];
  /** Throws NODE_NOT_FOUND. */
  require(name: string): NodeView;
  /** Notes a certificate: of a new node, or a newer one of a known node. True when the node is new. */
  admit(certificate: NodeCertificate): Promise<boolean>;
  /** Rejects NODE_NOT_FOUND. */
  cordon(name: string, cordoned: boolean): Promise<NodeView>;
  /** Forgets it. Absent is fine. */
  remove(name: string): Promise<void>;
  /** The live half; each does nothing for a node that is not known. */
  connected(name: string, hello: NodeHello): void;
  reported(name: string, report: NodeReport): void;
  /** Puts one container into the last report, so that what a command made is seen before the next heartbeat. */
  noteContainer(name: string, container: ContainerReport): void;
  disconnected(name: string): void;
}

/** Reads the registry from the store. `staleAfterMs`: without a report for longer, a node is down. */
export async function createNodeRegistry(options: {
  readonly store: Store;
  readonly clock: Clock;
  readonly staleAfterMs: number;
}): Promise<NodeRegistry> {
  const { store, clock, staleAfterMs } = options;
  const records = collection(store, 'nodes/', nodeRecord);
  const known = new Map((await records.list()).map(({ value }) => [value.name, value]));
  const live = new Map<string, LiveNode>();
  const exclusively = oneAtATime();

  return {
    get: (name) => viewOf(known.get(name)),
    list: () => [...known.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map(viewOfRecord),
    require: (name) => viewOfRecord(requireRecord(name)),
    admit: ({ name, fingerprint, certificateExpiresAt }) =>
      exclusively(async () => {
        const before = known.get(name);
        const expiry = certificateExpiresAt?.toISOString();
        const fresh = { name, joinedAt: clock.now().toISOString(), cordoned: false };
        await write({
          ...(before ?? fresh),
          fingerprint,
          certificateExpiresAt: expiry ?? before?.certificateExpiresAt,
        });
        return before === undefined;
      }),
    cordon: (name, cordoned) =>
      exclusively(async () => viewOfRecord(await write({ ...requireRecord(name), cordoned }))),
    remove: (name) =>
      exclusively(async () => {
        await records.delete(name);
        known.delete(name);
        live.delete(name);
      }),
    connected: (name, hello) => {
      if (known.has(name)) live.set(name, { ...hello, connected: true, reportedAtMs: clock.monotonicMs() });
    },
    reported: (name, { memory, containers }) =>
      change(name, (node) => ({
        ...node,
        memory: memory ?? node.memory,
        containers,
        reportedAtMs: clock.monotonicMs(),
      })),
    noteContainer: (name, container) =>
      change(name, (node) => ({
        ...node,
        containers: [...node.containers.filter((other) => other.containerId !== container.containerId), container],
      })),
    disconnected: (name) => change(name, (node) => ({ ...node, connected: false })),
  };

  function change(name: string, next: (node: LiveNode) => LiveNode): void {
    const node = live.get(name);
    if (node) live.set(name, next(node));
  }

  function requireRecord(name: string): NodeRecord {
    const record = known.get(name);
    if (record) return record;
    throw new DroverError('NODE_NOT_FOUND', `No node is called ${name}; "drover nodes" lists them.`, {
      details: { node: name },
    });
  }

  async function write(record: NodeRecord): Promise<NodeRecord> {
    await records.put(record.name, record);
    known.set(record.name, record);
    return record;
  }

  function viewOf(record: NodeRecord | undefined): NodeView | undefined {
    return record && viewOfRecord(record);
  }

  function viewOfRecord(record: NodeRecord): NodeView {
    const node = live.get(record.name) ?? neverSeen;
    const ageMs = clock.monotonicMs() - node.reportedAtMs;
    const { connected, memory, engine, transferAddress, agentVersion, containers } = node;
    return {
      name: record.name,
      joinedAt: new Date(record.joinedAt),
      fingerprint: record.fingerprint,
      certificateExpiresAt: record.certificateExpiresAt ? new Date(record.certificateExpiresAt) : undefined,
      cordoned: record.cordoned,
      state: livenessOf({ connected, cordoned: record.cordoned, ageMs, staleAfterMs }),
      pressure: pressureOf(connected ? memory : undefined, ageMs).pressure,
      ...{ connected, ageMs, memory, engine, transferAddress, agentVersion, containers },
    };
  }
}

interface LiveNode extends NodeHello {
  readonly connected: boolean;
  readonly reportedAtMs: number;
}

const neverSeen: LiveNode = {
  connected: false,
  reportedAtMs: Number.NEGATIVE_INFINITY,
  transferAddress: '',
  agentVersion: '',
  containers: [],
};

const nodeRecord = z.object({
  name: z.string().min(1),
  joinedAt: z.string(),
  fingerprint: z.string(),
  certificateExpiresAt: z.string().optional(),
  cordoned: z.boolean(),
});
type NodeRecord = z.infer<typeof nodeRecord>;
