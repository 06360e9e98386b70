import test, { type ExecutionContext } from 'ava';
import type { Store } from '../../coordinator/store/port.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { closing, put, take, withLevelStore, withMemoryStore } from '../support/stores.ts';

for (const [kind, withStore] of [
  ['LevelDB', withLevelStore],
  ['memory', withMemoryStore],
] as const) {
  const contract = (title: string, body: (store: Store, t: ExecutionContext) => Promise<void>) =>
    test(`${kind}: ${title}`, (t) => withStore((open) => closing(open, (store) => body(store, t))));

  contract('an absent key is undefined', async (store, t) => {
    t.is(await store.get('nothing'), undefined);
  });

  contract('revisions and versions grow as in etcd', async (store, t) => {
    await put(store, 'a', '1');
    await put(store, 'b', '1');
    await put(store, 'a', '2');
    t.deepEqual(await store.get('a'), { key: 'a', value: '2', createRevision: 1, modRevision: 3, version: 2 });
    await store.transact({ then: [{ delete: 'a' }] });
    await put(store, 'a', '3');
    t.deepEqual(await store.get('a'), { key: 'a', value: '3', createRevision: 5, modRevision: 5, version: 1 });
  });

  contract('a transaction that changes nothing leaves the revision alone', async (store, t) => {
    await put(store, 'a', '1');
    t.deepEqual(await store.transact({ then: [{ delete: 'absent' }] }), { succeeded: true, revision: 1 });
  });

  contract('a range is sorted, holds only its prefix, and takes any UTF-8', async (store, t) => {
    for (const key of ['n/b', 'n/a', 'n/\u{1F600}', 'n0', 'm/z', 'n/\uffff']) await put(store, key, key);
    t.deepEqual(
      (await store.range('n/')).map(({ value }) => value),
      ['n/a', 'n/b', 'n/\uffff', 'n/\u{1F600}'],
    );
    t.is((await store.range('')).length, 6);
  });

  contract('every kind of condition decides between then and else', async (store, t) => {
    await put(store, 'a', 'x');
    await put(store, 'a', 'y');
    const rows = [
      [{ key: 'a', target: 'value', equals: 'y' }, true],
      [{ key: 'a', target: 'value', equals: 'x' }, false],
      [{ key: 'a', target: 'modRevision', equals: 2 }, true],
      [{ key: 'a', target: 'createRevision', equals: 2 }, false],
      [{ key: 'a', target: 'version', equals: 2 }, true],
      [{ key: 'absent', target: 'version', equals: 0 }, true],
      [{ key: 'absent', target: 'value', equals: '' }, false],
    ] as const;
    for (const [condition, expected] of rows) {
      const then = [{ put: 'answer', value: 'then' }];
      const { succeeded } = await store.transact({ when: [condition], then, else: [{ put: 'answer', value: 'else' }] });
      t.is(succeeded, expected, JSON.stringify(condition));
      t.is((await store.get('answer'))?.value, expected ? 'then' : 'else');
    }
  });

  contract('a transaction changes all its keys at one revision, or none', async (store, t) => {
    await store.transact({
      then: [
        { put: 'a', value: '1' },
        { put: 'b', value: '1' },
      ],
    });
    t.deepEqual(
      (await store.range('')).map(({ modRevision }) => modRevision),
      [1, 1],
    );
    const failing = {
      when: [{ key: 'a', target: 'version', equals: 9 }],
      then: [{ delete: 'a' }, { delete: 'b' }],
    } as const;
    t.deepEqual(await store.transact(failing), { succeeded: false, revision: 1 });
    t.is((await store.range('')).length, 2);
  });

  contract('one key written twice in a transaction is refused', async (store, t) => {
    const twice = store.transact({ then: [{ put: 'a', value: '1' }, { delete: 'a' }] });
    t.is((await rejectionOf(twice)).code, 'INVALID_ARGUMENT');
    t.is(await store.get('a'), undefined);
  });

  contract('of many that compare and put at once, exactly one wins each round', async (store, t) => {
    await put(store, 'counter', '0');
    const increment = async (): Promise<void> => {
      const current = await store.get('counter');
      const when = [{ key: 'counter', target: 'modRevision', equals: current?.modRevision ?? 0 }] as const;
      const then = [{ put: 'counter', value: String(Number(current?.value) + 1) }];
      if (!(await store.transact({ when, then })).succeeded) await increment();
    };
    await Promise.all(Array.from({ length: 8 }, increment));
    t.is((await store.get('counter'))?.value, '8');
  });

  contract('a watch reports puts and deletions under its prefix in order', async (store, t) => {
    const watching = new AbortController();
    const changes = store.watch('n/', { signal: watching.signal });
    await put(store, 'n/a', '1');
    await put(store, 'm/a', '1');
    await store.transact({ then: [{ put: 'n/b', value: '2' }, { delete: 'n/a' }] });
    const seen = await take(changes, 3);
    t.deepEqual(
      seen.map(({ type, entry, revision }) => [type, entry.key, entry.value, revision]),
      [
        ['put', 'n/a', '1', 1],
        ['put', 'n/b', '2', 3],
        ['delete', 'n/a', '1', 3],
      ],
    );
  });

  contract('a watch waits for what comes, and ends quietly when it is aborted', async (store, t) => {
    const watching = new AbortController();
    const changes = store.watch('', { signal: watching.signal })[Symbol.asyncIterator]();
    const first = changes.next();
    await put(store, 'a', '1');
    t.is((await first).value.entry.key, 'a');
    const last = changes.next();
    watching.abort();
    t.true((await last).done);
  });

  contract('a watch from a past revision starts there', async (store, t) => {
    for (const value of ['1', '2', '3']) await put(store, 'a', value);
    const seen = await take(store.watch('', { signal: AbortSignal.timeout(60_000), fromRevision: 2 }), 2);
    t.deepEqual(
      seen.map(({ entry }) => entry.value),
      ['2', '3'],
    );
  });

  contract('closing the store ends its watches', async (store, t) => {
    const next = store.watch('', { signal: new AbortController().signal })[Symbol.asyncIterator]().next();
    await store.close();
    t.true((await next).done);
  });

  contract('an expired lease takes its keys along, a kept one does not', async (store, t) => {
    const watching = new AbortController();
    const changes = store.watch('', { signal: watching.signal });
    const long = await store.grantLease(60_000);
    const short = await store.grantLease(500);
    await store.transact({
      then: [
        { put: 'short', value: '', leaseId: short },
        { put: 'long', value: '', leaseId: long },
      ],
    });
    t.like((await take(changes, 3)).at(-1), { type: 'delete', entry: { key: 'short', leaseId: short } });
    t.is((await rejectionOf(store.keepAlive(short))).code, 'LEASE_LOST');
    t.is((await rejectionOf(put(store, 'late', '', short))).code, 'LEASE_LOST');
    await store.keepAlive(long);
    t.truthy(await store.get('long'));
  });

  contract('revoking a lease deletes its keys at once, and twice does no harm', async (store, t) => {
    const lease = await store.grantLease(60_000);
    await put(store, 'a', '1', lease);
    await store.revokeLease(lease);
    await store.revokeLease(lease);
    t.is(await store.get('a'), undefined);
  });

  contract('a key put again without a lease outlives the lease', async (store, t) => {
    const lease = await store.grantLease(60_000);
    await put(store, 'a', '1', lease);
    await put(store, 'a', '2');
    await store.revokeLease(lease);
    t.is((await store.get('a'))?.value, '2');
  });

  test(`${kind}: a reader that falls behind the history is told so`, (t) =>
    withStore(async (open) => {
      const store = await open({ historyLimit: 3 });
      const late = store.watch('', { signal: new AbortController().signal });
      for (const value of ['1', '2', '3', '4', '5']) await put(store, 'a', value);
      const error = await rejectionOf(take(late, 1));
      t.is(error.code, 'REVISION_COMPACTED');
      t.regex(error.message, /no longer remembers revision 1; .* watch from revision 6/);
      t.is((await take(store.watch('', { signal: new AbortController().signal, fromRevision: 3 }), 3)).length, 3);
      await store.close();
    }));
}
