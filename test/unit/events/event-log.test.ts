import test from 'ava';
import { createEventLog } from '../../../coordinator/events/event-log.ts';
import { openMemoryStore } from '../../../coordinator/store/memory-store.ts';
import type { Store } from '../../../coordinator/store/port.ts';
import type { Event } from '../../../proto/index.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { silentLog as log } from '../../support/silent-log.ts';

const opened = async (options: { capacity?: number; store?: Store } = {}) => {
  const clock = fakeClock();
  const store = options.store ?? (await openMemoryStore());
  return { clock, store, events: await createEventLog({ clock, log, ...options, store }) };
};
const joined = (node: string) => ({ type: 'node.joined', message: `${node} joined.`, node });

test('events are numbered in the order in which they were recorded', async (t) => {
  const { events } = await opened();
  await Promise.all([events.record(joined('edge-1')), events.record(joined('edge-2'))]);
  t.deepEqual(summary(await events.read()), ['1 edge-1', '2 edge-2']);
});

test('events survive a restart, and numbering goes on', async (t) => {
  const { events, store } = await opened();
  await events.record({ ...joined('edge-1'), details: { peer: '10.0.0.1' } });
  const { events: again } = await opened({ store });
  await again.record(joined('edge-2'));
  t.deepEqual(summary(await again.read()), ['1 edge-1', '2 edge-2']);
  t.like((await again.read())[0], { type: 'node.joined', details: { peer: '10.0.0.1' }, at: fakeClock().now() });
});

test('the oldest events are pruned, in memory and on disk', async (t) => {
  const { events, store } = await opened({ capacity: 2 });
  for (const node of ['edge-1', 'edge-2', 'edge-3']) await events.record(joined(node));
  t.deepEqual(summary(await events.read()), ['2 edge-2', '3 edge-3']);
  t.is((await store.range('events/')).length, 2);
});

test('only events after a time are read', async (t) => {
  const { events, clock } = await opened();
  await events.record(joined('edge-1'));
  const since = clock.now();
  clock.advance(1);
  await events.record(joined('edge-2'));
  t.deepEqual(summary(await events.read(since)), ['2 edge-2']);
});

test('a watch gives what there is, then what comes, and ends with its signal', async (t) => {
  const { events } = await opened();
  await events.record(joined('edge-1'));
  const stop = new AbortController();
  const seen: Event[] = [];
  for await (const event of events.watch(undefined, stop.signal)) {
    seen.push(event);
    if (seen.length === 1) void events.record(joined('edge-2'));
    if (seen.length === 2) setImmediate(() => stop.abort());
  }
  t.deepEqual(summary(seen), ['1 edge-1', '2 edge-2']);
});

test('an event that cannot be read back is skipped', async (t) => {
  const { events, store } = await opened();
  await events.record(joined('edge-1'));
  await store.transact({ then: [{ put: 'events/0000000000000002', value: 'not JSON' }] });
  t.deepEqual(summary(await (await opened({ store })).events.read()), ['1 edge-1']);
});

test('a store that fails does not fail whoever records', async (t) => {
  const { events, store } = await opened();
  await store.close();
  await t.notThrowsAsync(events.record(joined('edge-1')));
});

function summary(events: readonly Event[]): string[] {
  return events.map(({ seq, node }) => `${seq} ${node}`);
}
