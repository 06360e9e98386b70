import { z } from 'zod';
import { DroverError } from '../../proto/index.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { collection } from '../store/collection.ts';
import type { Store } from '../store/port.ts';

/** What the cluster durably knows of a workload. How it is doing comes from the reports of its node. */
export interface WorkloadRecord {
  readonly name: string;
  readonly node: string;
  /** Empty until the node has made the container. */
  readonly containerId: string;
  /** Starts at 1 and grows at each hand-over; whoever holds a lower one must not run it. */
  readonly epoch: number;
  readonly image: string;
  /** Set while a migration works on it. */
  readonly migrationId?: string | undefined;
}

/** Where a migration has put a workload. */
export type Placement = Pick<WorkloadRecord, 'node' | 'containerId' | 'epoch'>;

/** Every workload of the cluster. Changes are durable before they are visible. */
export interface WorkloadRegistry {
  get(name: string): WorkloadRecord | undefined;
  /** Sorted by name. */
  list(): WorkloadRecord[];
  /** Throws WORKLOAD_NOT_FOUND. */
  require(name: string): WorkloadRecord;
  /** Rejects WORKLOAD_EXISTS. */
  create(record: WorkloadRecord): Promise<void>;
  /** Notes which container the node has made. Rejects WORKLOAD_NOT_FOUND. */
  setContainer(name: string, container: Pick<WorkloadRecord, 'containerId' | 'image'>): Promise<WorkloadRecord>;
  /** Absent is fine. Its epoch is remembered: see `firstEpoch`. */
  remove(name: string): Promise<void>;
  /** Epoch for a new workload of this name: above all that nodes may remember of an earlier one. */
  firstEpoch(name: string): number;
  /**
   * Keeps migrations off it while its container is being removed; returns the release. Not durable: a coordinator that stops
   * meanwhile leaves nothing behind. Throws WORKLOAD_NOT_FOUND, WORKLOAD_BUSY.
   */
  hold(name: string): () => void;
  /** Whether its container is being removed. */
  isHeld(name: string): boolean;
  /** Marks it busy with a migration. Rejects WORKLOAD_NOT_FOUND, WORKLOAD_BUSY; repeating it for the same migration is fine. */
  beginMigration(name: string, migrationId: string): Promise<WorkloadRecord>;
  /** Frees it, at its new place if it moved. Does nothing when another migration, or none, holds it. */
  endMigration(name: string, migrationId: string, moved?: Placement): Promise<void>;
}

/** Reads the registry from the store. */
export async function createWorkloadRegistry({ store }: { readonly store: Store }): Promise<WorkloadRegistry> {
  const records = collection(store, 'workloads/', workloadRecord);
  const known = new Map((await records.list()).map(({ value }) => [value.name, value]));
  // INVARIANT: checks and the write that follows them are one task, so that no two callers pass the same check.
  const exclusively = oneAtATime();
  const held = new Set<string>();
  const epochs = collection(store, 'workload-epochs/', z.number().int().positive());
  const lastEpochs = new Map((await epochs.list()).map(({ id, value }) => [id, value]));

  return {
    get: (name) => known.get(name),
    list: () => [...known.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    require: requireRecord,
    create: (record) =>
      exclusively(async () => {
        if (known.has(record.name)) throw alreadyExists(record.name);
        await write(record);
      }),
    setContainer: (name, container) => exclusively(() => write({ ...requireRecord(name), ...container })),
    remove: (name) =>
      exclusively(async () => {
        const epoch = known.get(name)?.epoch;
        if (epoch !== undefined) await rememberEpoch(name, epoch);
        await records.delete(name);
        known.delete(name);
      }),
    firstEpoch: (name) => (lastEpochs.get(name) ?? 0) + 1,
    hold: (name) => {
      const record = requireRecord(name);
      if (record.migrationId !== undefined) throw migrating(record);
      if (held.has(name)) throw beingRemoved(record);
      held.add(name);
      return () => void held.delete(name);
    },
    isHeld: (name) => held.has(name),
    beginMigration: (name, migrationId) =>
      exclusively(async () => {
        const record = requireRecord(name);
        if (held.has(name)) throw beingRemoved(record);
        if (record.migrationId !== undefined && record.migrationId !== migrationId) throw migrating(record);
        return write({ ...record, migrationId });
      }),
    endMigration: (name, migrationId, moved) =>
      exclusively(async () => {
        const record = known.get(name);
        if (record?.migrationId !== migrationId) return;
        const { migrationId: _ended, ...free } = record;
        await write({ ...free, ...moved });
      }),
  };

  function requireRecord(name: string): WorkloadRecord {
    const record = known.get(name);
    if (record) return record;
    throw new DroverError('WORKLOAD_NOT_FOUND', `No workload is called ${name}; "drover ps" lists them.`, {
      details: { workload: name },
    });
  }

  // A migration under way may have shown its nodes one more than the record has.
  async function rememberEpoch(name: string, epoch: number): Promise<void> {
    await epochs.put(name, epoch + 1);
    lastEpochs.set(name, epoch + 1);
  }

  async function write(record: WorkloadRecord): Promise<WorkloadRecord> {
    await records.put(record.name, record);
    known.set(record.name, record);
    return record;
  }
}

const workloadRecord = z.object({
  name: z.string().min(1),
  node: z.string().min(1),
  containerId: z.string(),
  epoch: z.number().int().positive(),
  image: z.string(),
  migrationId: z.string().optional(),
});

function alreadyExists(name: string): DroverError {
  return new DroverError('WORKLOAD_EXISTS', `A workload called ${name} exists already; choose another name.`, {
    details: { workload: name },
  });
}

function migrating({ name, migrationId = '' }: WorkloadRecord): DroverError {
  const message = `${name} is being migrated; cancel migration ${migrationId} or wait for its end.`;
  return new DroverError('WORKLOAD_BUSY', message, { details: { workload: name, migration: migrationId } });
}

function beingRemoved({ name }: WorkloadRecord): DroverError {
  return new DroverError('WORKLOAD_BUSY', `${name} is being removed.`, { details: { workload: name } });
}
