import { DroverError } from '../../proto/index.ts';
import { collection } from '../store/collection.ts';
import type { Store } from '../store/port.ts';
import { isFinal } from './phases.ts';
import { type MigrationRecord, migrationSchema } from './record.ts';

// Final ones beyond this many are forgotten, oldest first.
const kept = 1000;

/** All migrations, durable, with what is known of them only while they run, and readers that are told of changes. */
export interface MigrationBook {
  get(id: string): MigrationRecord | undefined;
  /** Throws MIGRATION_NOT_FOUND. */
  require(id: string): MigrationRecord;
  /** Newest first. */
  list(): MigrationRecord[];
  /** Durable before it resolves; watchers hear of it then. */
  write(record: MigrationRecord): Promise<void>;
  /** Bytes on their way: shown, not stored. */
  progress(id: string, bytesSent: number): void;
  /** The record now and at each change; ends when it is final or the signal aborts. A slow reader misses steps, never the end. */
  watch(id: string, signal: AbortSignal): AsyncIterable<MigrationRecord>;
}

/** Reads the book from the store. */
export async function openMigrationBook(store: Store): Promise<MigrationBook> {
  const records = collection(store, 'migrations/', migrationSchema);
  const known = new Map((await records.list()).map(({ id, value }) => [id, value]));
  const watchers = new Set<() => void>();
  const wake = () => {
    for (const watcher of [...watchers]) watcher();
  };
  const list = () => [...known.values()].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));

  return {
    get: (id) => known.get(id),
    require: requireRecord,
    list,
    async write(record) {
      await records.put(record.id, record);
      known.set(record.id, record);
      wake();
      if (isFinal(record.phase)) await prune();
    },
    progress(id, bytesSent) {
      const record = known.get(id);
      if (record === undefined || isFinal(record.phase) || bytesSent <= record.bytesSent) return;
      known.set(id, { ...record, bytesSent });
      wake();
    },
    async *watch(id, signal) {
      let seen: MigrationRecord | undefined;
      while (!signal.aborted) {
        const record = requireRecord(id);
        if (record === seen) {
          await changed(signal);
          continue;
        }
        seen = record;
        yield record;
        if (isFinal(record.phase)) return;
      }
    },
  };

  function requireRecord(id: string): MigrationRecord {
    const record = known.get(id);
    if (record !== undefined) return record;
    throw new DroverError('MIGRATION_NOT_FOUND', `There is no migration ${id}; "drover migrations" lists them.`, {
      details: { migration: id },
    });
  }

  function changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        watchers.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      watchers.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  async function prune(): Promise<void> {
    for (const { id } of list()
      .filter(({ phase }) => isFinal(phase))
      .slice(kept)) {
      await records.delete(id);
      known.delete(id);
    }
  }
}
