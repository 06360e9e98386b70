import test from 'ava';
import { rejectionOf } from '../support/rejection-of.ts';
import { closing, put, take, withLevelStore } from '../support/stores.ts';

test('everything is there after opening again, and revisions go on', (t) =>
  withLevelStore(async (open) => {
    await closing(open, async (store) => {
      await put(store, 'a', '1');
      await put(store, 'a', '2');
      await store.transact({
        then: [
          { put: 'b', value: '1' },
          { put: 'c', value: '1' },
        ],
      });
      await store.transact({ then: [{ delete: 'c' }] });
    });
    await closing(open, async (store) => {
      t.deepEqual(await store.get('a'), { key: 'a', value: '2', createRevision: 1, modRevision: 2, version: 2 });
      t.deepEqual(
        (await store.range('')).map(({ key }) => key),
        ['a', 'b'],
      );
      t.is((await put(store, 'd', '1')).revision, 5);
      const stale = take(store.watch('', { signal: new AbortController().signal, fromRevision: 3 }), 1);
      t.is((await rejectionOf(stale)).code, 'REVISION_COMPACTED');
    });
  }));

test('a lease goes on after a restart from the time it had left', (t) =>
  withLevelStore(async (open) => {
    let now = 1_000_000;
    const leases = await closing(
      (options) => open({ ...options, now: () => now }),
      async (store) => {
        const ids = [await store.grantLease(10_000), await store.grantLease(3_600_000)] as const;
        await put(store, 'short', '', ids[0]);
        await put(store, 'long', '', ids[1]);
        return ids;
      },
    );
    now += 10_001;
    await closing(
      (options) => open({ ...options, now: () => now }),
      async (store) => {
        const changes = store.watch('', { signal: new AbortController().signal, fromRevision: 3 });
        t.like((await take(changes, 1))[0], { type: 'delete', entry: { key: 'short' } });
        await store.keepAlive(leases[1]);
        t.truthy(await store.get('long'));
      },
    );
  }));

test('a second process is told that the store is in use', (t) =>
  withLevelStore((open) =>
    closing(open, async () => {
      const error = await rejectionOf(open());
      t.is(error.code, 'STORE_LOCKED');
      t.regex(error.message, /is in use; stop the other coordinator first/);
    }),
  ));
