import test from 'ava';
import { z } from 'zod';
import { collection } from '../../../coordinator/store/collection.ts';
import { openMemoryStore } from '../../../coordinator/store/memory-store.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

const count = z.object({ count: z.number() });

async function counts() {
  const store = await openMemoryStore();
  return { store, records: collection(store, 'counts/', count) };
}

test('a record is created once', async (t) => {
  const { records } = await counts();
  await records.create('a', { count: 1 });
  t.is((await rejectionOf(records.create('a', { count: 2 }))).code, 'STORE_CONFLICT');
  t.deepEqual(await records.get('a'), { id: 'a', value: { count: 1 }, revision: 1 });
});

test('a list holds the ids without the prefix, and only its own records', async (t) => {
  const { store, records } = await counts();
  await collection(store, 'others/', count).put('x', { count: 0 });
  await records.put('b', { count: 2 });
  await records.put('a', { count: 1 });
  t.deepEqual(
    (await records.list()).map(({ id }) => id),
    ['a', 'b'],
  );
});

test('replacing needs the revision last seen', async (t) => {
  const { records } = await counts();
  await records.create('a', { count: 1 });
  const revision = await records.replace('a', { count: 2 }, 1);
  t.is((await rejectionOf(records.replace('a', { count: 3 }, 1))).code, 'STORE_CONFLICT');
  t.is(await records.replace('a', { count: 3 }, revision), 3);
});

test('updates at the same time are all kept', async (t) => {
  const { records } = await counts();
  await records.create('a', { count: 0 });
  const increment = () => records.update('a', ({ count }) => ({ count: count + 1 }));
  await Promise.all([increment(), increment(), increment(), increment()]);
  t.is((await records.get('a'))?.value.count, 4);
});

test('updating what is absent is refused, deleting it is fine', async (t) => {
  const { records } = await counts();
  t.is((await rejectionOf(records.update('a', (value) => value))).code, 'RECORD_NOT_FOUND');
  await t.notThrowsAsync(records.delete('a'));
});

for (const [damage, text] of [
  ['is not JSON', '{"count":'],
  ['has another shape', '{"count":"many"}'],
] as const) {
  test(`a record that ${damage} is named in the error`, async (t) => {
    const { store, records } = await counts();
    await store.transact({ then: [{ put: 'counts/bad', value: text }] });
    for (const reading of [records.get('bad'), records.list()]) {
      const error = await rejectionOf(reading);
      t.is(error.code, 'STORE_CORRUPT');
      t.regex(error.message, /"counts\/bad"/);
    }
  });
}
