import test from 'ava';
import { type MigrationBook, openMigrationBook } from '../../../coordinator/migration/migration-book.ts';
import type { Phase } from '../../../coordinator/migration/phases.ts';
import type { MigrationRecord } from '../../../coordinator/migration/record.ts';
import { openMemoryStore } from '../../../coordinator/store/memory-store.ts';
import type { Store } from '../../../coordinator/store/port.ts';
import { DroverError, SourceCheck } from '../../../proto/index.ts';
import { aSource, storedMigration } from '../../support/migration-host.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { turns } from '../../support/turns.ts';

const never = new AbortController().signal;

function aRecord(changes: Partial<MigrationRecord> = {}): MigrationRecord {
  return {
    ...{ id: 'm-1', workload: 'web', from: 'edge-1', to: 'edge-2', strategy: 'cold', epoch: 5, phase: 'preparing' },
    ...{ choice: 'Asked for.', source: SourceCheck.toJSON(aSource()), bytesTotal: 0, bytesSent: 0, phases: [] },
    ...{ startedAt: '2026-01-01T00:00:00.000Z', checkMs: 1 },
    ...changes,
  };
}

async function phasesSeen(book: MigrationBook, signal = never): Promise<Phase[]> {
  const seen: Phase[] = [];
  for await (const { phase } of book.watch('m-1', signal)) seen.push(phase);
  return seen;
}

const startedAt = (n: number) => new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();

test('what was written is found again after a restart', async (t) => {
  const store = await openMemoryStore();
  const record = aRecord({ phase: 'aborting', failure: { code: 'TIMEOUT', message: 'Late.', details: { a: 'b' } } });
  await (await openMigrationBook(store)).write(record);
  const reopened = await openMigrationBook(store);
  t.deepEqual(reopened.require('m-1'), record);
});

test('a migration that does not exist is said to be unknown, also to whoever watches', async (t) => {
  const book = await openMigrationBook(await openMemoryStore());
  t.is(book.get('m-1'), undefined);
  t.is(t.throws(() => book.require('m-1'), { instanceOf: DroverError })?.code, 'MIGRATION_NOT_FOUND');
  t.is((await rejectionOf(phasesSeen(book))).code, 'MIGRATION_NOT_FOUND');
});

test('the newest is listed first', async (t) => {
  const book = await openMigrationBook(await openMemoryStore());
  for (const n of [2, 0, 1]) await book.write(aRecord({ id: `m-${n}`, startedAt: startedAt(n) }));
  t.deepEqual(
    book.list().map(({ id }) => id),
    ['m-2', 'm-1', 'm-0'],
  );
});

test('a record is visible only once it is durable', async (t) => {
  const store = await openMemoryStore();
  const broken: Store = { ...store, transact: () => Promise.reject(new Error('disk full')) };
  const book = await openMigrationBook(broken);
  await t.throwsAsync(book.write(aRecord()), { message: 'disk full' });
  t.is(book.get('m-1'), undefined);
});

test('a watch shows the record now and at each change, and ends when it is final', async (t) => {
  const book = await openMigrationBook(await openMemoryStore());
  await book.write(aRecord());
  const seen = phasesSeen(book);
  for (const phase of ['freezing', 'aborting', 'rolled_back'] as const) {
    await turns(1);
    await book.write(aRecord({ phase }));
  }
  t.deepEqual(await seen, ['preparing', 'freezing', 'aborting', 'rolled_back']);
});

test('a watch of what is over shows it once and ends', async (t) => {
  const book = await openMigrationBook(await openMemoryStore());
  await book.write(aRecord({ phase: 'committed' }));
  t.deepEqual(await phasesSeen(book), ['committed']);
});

test('a reader that is slow misses steps, but not the end', async (t) => {
  const book = await openMigrationBook(await openMemoryStore());
  await book.write(aRecord());
  const reader = book.watch('m-1', never)[Symbol.asyncIterator]();
  t.is((await reader.next()).value.phase, 'preparing');
  for (const phase of ['freezing', 'transferring', 'committed'] as const) await book.write(aRecord({ phase }));
  t.is((await reader.next()).value.phase, 'committed');
  t.true((await reader.next()).done);
});

test('an abort ends a watch without an error, before or while it waits', async (t) => {
  const book = await openMigrationBook(await openMemoryStore());
  await book.write(aRecord());
  const abort = new AbortController();
  const seen = phasesSeen(book, abort.signal);
  await turns(1);
  abort.abort();
  t.deepEqual(await seen, ['preparing']);
  t.deepEqual(await phasesSeen(book, abort.signal), []);
});

test('progress is shown to watchers, not stored, and never goes back', async (t) => {
  const store = await openMemoryStore();
  const book = await openMigrationBook(store);
  await book.write(aRecord());
  const reader = book.watch('m-1', never)[Symbol.asyncIterator]();
  await reader.next();
  book.progress('m-1', 100);
  t.is((await reader.next()).value.bytesSent, 100);
  book.progress('m-1', 50);
  t.is(book.require('m-1').bytesSent, 100);
  t.is((await storedMigration(store, 'm-1'))?.bytesSent, 0);
});

test('progress of what is over, or unknown, changes nothing', async (t) => {
  const book = await openMigrationBook(await openMemoryStore());
  await book.write(aRecord({ phase: 'committed', bytesSent: 7 }));
  for (const id of ['m-1', 'm-2']) book.progress(id, 100);
  t.is(book.require('m-1').bytesSent, 7);
});

test('of those that are over a thousand are kept, oldest forgotten first, and all that are open', async (t) => {
  const store = await openMemoryStore();
  const book = await openMigrationBook(store);
  await book.write(aRecord({ id: 'open', startedAt: startedAt(0) }));
  for (let n = 1; n <= 1002; n++) {
    await book.write(aRecord({ id: `m-${n}`, phase: 'committed', startedAt: startedAt(n) }));
  }
  t.is(book.list().length, 1001);
  t.deepEqual(
    ['open', 'm-1', 'm-2', 'm-3'].map((id) => book.get(id) !== undefined),
    [true, false, false, true],
  );
  t.is((await store.range('migrations/')).length, 1001);
});

test('a record that was tampered with is named when the book is opened', async (t) => {
  const store = await openMemoryStore();
  await store.transact({ then: [{ put: 'migrations/m-1', value: '{"phase":"exploded"}' }] });
  const error = await rejectionOf(openMigrationBook(store));
  t.is(error.code, 'STORE_CORRUPT');
  t.is(error.details.key, 'migrations/m-1');
});
