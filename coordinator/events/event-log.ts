import type { Logger } from 'pino';
import { z } from 'zod';
import type { Event } from '../../proto/index.ts';
import type { Clock } from '../clock.ts';
import type { Store } from '../store/port.ts';

/** What happened, in the words of the one who noticed. */
export interface NewEvent {
  /** e.g. node.joined, workload.started, migration.committed. */
  readonly type: string;
  /** One sentence. */
  readonly message: string;
  readonly node?: string;
  readonly workload?: string;
  readonly migration?: string;
  readonly details?: Readonly<Record<string, string>>;
}

/** What happened in the cluster, in order, durable, bounded. */
export interface EventLog {
  /** Never rejects: the log is a record, not a gate. When the store fails, the process log says so. */
  record(event: NewEvent): Promise<void>;
  /** Events after that time, oldest first; all that are kept without one. */
  read(since?: Date): Promise<Event[]>;
  /** As `read`, then each new event until the signal aborts. A reader that is too slow misses what was pruned meanwhile. */
  watch(since: Date | undefined, signal: AbortSignal): AsyncIterable<Event>;
}

/** Opens the log. `capacity` is how many events are kept (default 10,000); the oldest go first. */
export async function createEventLog(options: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly capacity?: number;
}): Promise<EventLog> {
  const { store, clock, log, capacity = 10_000 } = options;
  const kept = await load(store, log);
  const readers = new Set<() => void>();
  let lastSeq = kept.at(-1)?.seq ?? 0;

  return { record, read: async (since) => kept.filter((event) => isAfter(event, since)), watch };

  async function record(event: NewEvent): Promise<void> {
    const entry = numbered(event, ++lastSeq, clock.now());
    kept.push(entry);
    const pruned = kept.splice(0, Math.max(0, kept.length - capacity));
    for (const wake of readers) wake();
    log.info({ event: entry.type, ...labels(event), seq: entry.seq }, entry.message);
    await write(entry, pruned).catch((error) => log.error({ err: error, seq: entry.seq }, 'could not store an event'));
  }

  async function write(entry: Event, pruned: readonly Event[]): Promise<void> {
    const value = JSON.stringify({ ...entry, at: entry.at?.toISOString() });
    await store.transact({
      then: [{ put: keyOf(entry.seq), value }, ...pruned.map(({ seq }) => ({ delete: keyOf(seq) }))],
    });
  }

  async function* watch(since: Date | undefined, signal: AbortSignal): AsyncGenerator<Event> {
    let seen = 0;
    while (!signal.aborted) {
      const news = kept.filter((event) => event.seq > seen);
      if (news.length === 0) await changed(signal);
      for (const event of news) {
        seen = event.seq;
        if (isAfter(event, since)) yield event;
      }
    }
  }

  // Readers pull by number instead of being pushed to, so that a slow one costs no memory.
  function changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        readers.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      readers.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}

const prefix = 'events/';

const storedEvent = z.object({
  seq: z.number().int().positive(),
  at: z.coerce.date(),
  type: z.string(),
  message: z.string(),
  node: z.string(),
  workload: z.string(),
  migration: z.string(),
  details: z.record(z.string(), z.string()),
});

async function load(store: Store, log: Logger): Promise<Event[]> {
  const entries = await store.range(prefix);
  return entries.flatMap(({ key, value }) => {
    try {
      return [storedEvent.parse(JSON.parse(value))];
    } catch (error) {
      // One bad record must not keep the coordinator down.
      log.warn({ err: error, key }, 'skipped an event that cannot be read');
      return [];
    }
  });
}

// Padded, so that the order of keys is the order of events.
function keyOf(seq: number): string {
  return `${prefix}${String(seq).padStart(16, '0')}`;
}

function numbered(event: NewEvent, seq: number, at: Date): Event {
  const { type, message, node = '', workload = '', migration = '', details = {} } = event;
  return { seq, at, type, message, node, workload, migration, details: { ...details } };
}

function labels({ node, workload, migration }: NewEvent) {
  return { node, workload, migration };
}

function isAfter(event: Event, since: Date | undefined): boolean {
  return since === undefined || (event.at !== undefined && event.at > since);
}
