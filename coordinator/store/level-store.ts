import { mkdir } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import { DroverError } from '../../proto/index.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { changeOf, holds, keysOf } from './apply-operations.ts';
import { changeHistory } from './change-history.ts';
import { leaseTimers } from './leases.ts';
import type { Store, StoreChange, StoreOp, Transaction, TransactionResult } from './port.ts';
import {
  currentFormat,
  encodeEntry,
  type LeaseRecord,
  type Level,
  places,
  readEntries,
  readEntry,
  readLeases,
  readRevision,
} from './stored-records.ts';

export interface StoreOptions {
  /** How many changes watchers can look back. Defaults to 10,000. */
  readonly historyLimit?: number;
  /** Wall clock in milliseconds since 1970; decides what a lease has left after a restart. */
  readonly now?: () => number;
}

type Write = { type: 'put'; key: string; value: string } | { type: 'del'; key: string };

/** The store on disk, in a LevelDB of its own. Rejects with STORE_LOCKED when another process has it open. */
export async function openLevelStore(directory: string, options: StoreOptions = {}): Promise<Store> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return openStoreOver(new ClassicLevel<string, string>(directory), options);
}

/**
 * The store over any database with LevelDB's interface.
 *
 * INVARIANTS: every change of the database goes through `inTurn`, so that nothing moves between a transaction's reads and
 * its write; it is one synced batch that carries the new revision along, so that a crash leaves all of it or nothing;
 * memory (revision, history, lease timers) follows only after the batch is on disk.
 */
export async function openStoreOver(level: Level, options: StoreOptions = {}): Promise<Store> {
  const now = options.now ?? Date.now;
  await openLevel(level);
  let revision = await readRevision(level);
  const history = changeHistory({ revision, limit: options.historyLimit ?? 10_000 });
  const inTurn = oneAtATime();
  const leases = leaseTimers((id) => void expire(id).catch(() => retryExpiry(id)));

  for (const [id, { ttlMs, deadline }] of await readLeases(level)) {
    leases.start(id, ttlMs, Math.min(Math.max(0, deadline - now()), ttlMs));
  }

  return {
    get: (key) => readEntry(level, key),
    range: (prefix) => readEntries(level, prefix),
    transact: (transaction) => inTurn(() => decide(transaction)),
    watch: (prefix, watchOptions) => history.watch(prefix, watchOptions),

    grantLease: (ttlMs) =>
      inTurn(async () => {
        const { id, record } = leases.record(ttlMs, now());
        await write([putLease(id, record)]);
        leases.start(id, ttlMs, ttlMs);
        return id;
      }),

    keepAlive: (id) =>
      inTurn(async () => {
        const ttlMs = leases.ttlOf(id);
        await write([putLease(id, { ttlMs, deadline: now() + ttlMs })]);
        leases.start(id, ttlMs, ttlMs);
      }),

    revokeLease: (id) => inTurn(() => endLease(id)),

    async close() {
      leases.stop();
      history.close();
      await inTurn(() => level.close());
    },
  };

  async function decide(transaction: Transaction): Promise<TransactionResult> {
    const succeeded = await allHold(transaction);
    const operations = succeeded ? transaction.then : (transaction.else ?? []);
    for (const operation of operations) {
      if ('put' in operation && operation.leaseId !== undefined) leases.ttlOf(operation.leaseId);
    }
    await apply(operations);
    return { succeeded, revision };
  }

  async function allHold({ when = [] }: Transaction): Promise<boolean> {
    const entries = await Promise.all(when.map(({ key }) => readEntry(level, key)));
    return when.every((condition, index) => holds(condition, entries[index]));
  }

  async function apply(operations: readonly StoreOp[], alongside: readonly Write[] = []): Promise<void> {
    const before = await Promise.all(keysOf(operations).map((key) => readEntry(level, key)));
    const changes = operations.flatMap((operation, index) => changeOf(operation, before[index], revision + 1));
    if (changes.length === 0 && alongside.length === 0) return;
    const counter: Write = { type: 'put', key: places.revision, value: JSON.stringify(revision + 1) };
    await write([...changes.map(writeOf), ...(changes.length > 0 ? [counter] : []), ...alongside]);
    if (changes.length === 0) return;
    revision += 1;
    history.append(changes);
  }

  async function endLease(id: string): Promise<void> {
    const held = (await readEntries(level, '')).filter(({ leaseId }) => leaseId === id);
    await apply(
      held.map(({ key }) => ({ delete: key })),
      [{ type: 'del', key: places.lease + id }],
    );
    leases.end(id);
  }

  function expire(id: string): Promise<void> {
    return inTurn(async () => {
      if (leases.isOver(id)) await endLease(id);
    });
  }

  // The disk may be full for a while. The lease is over either way: ttlOf refuses it.
  function retryExpiry(id: string): void {
    if (level.status !== 'open') return;
    setTimeout(() => void expire(id).catch(() => retryExpiry(id)), 1_000).unref();
  }

  function write(writes: Write[]): Promise<void> {
    return (level as ClassicLevel<string, string>).batch(writes, { sync: true });
  }
}

async function openLevel(level: Level): Promise<void> {
  try {
    await level.open();
  } catch (cause) {
    throw openFailure(level, cause);
  }
  const format = await level.get(places.format);
  if (format === undefined) return level.put(places.format, currentFormat);
  if (format === currentFormat) return;
  await level.close();
  throw new DroverError(
    'NOT_SUPPORTED',
    `The store has format ${format}, and this version of Drover reads format ${currentFormat}; use the version that wrote it.`,
  );
}

function openFailure(level: Level, cause: unknown): DroverError {
  const where = 'location' in level ? ` in ${level.location}` : '';
  const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (reason instanceof Error && 'code' in reason && reason.code === 'LEVEL_LOCKED') {
    return new DroverError('STORE_LOCKED', `The store${where} is in use; stop the other coordinator first.`, { cause });
  }
  return new DroverError('STORE_CORRUPT', `The store${where} cannot be opened: ${String(reason)}.`, { cause });
}

function writeOf({ type, entry }: StoreChange): Write {
  const key = places.entry + entry.key;
  return type === 'put' ? { type: 'put', key, value: encodeEntry(entry) } : { type: 'del', key };
}

function putLease(id: string, record: LeaseRecord): Write {
  return { type: 'put', key: places.lease + id, value: JSON.stringify(record) };
}
