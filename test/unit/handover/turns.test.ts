import test from 'ava';
import { LiveMap } from '../../../node-agent/handover/live-map.ts';
import { throttled } from '../../../node-agent/handover/throttled.ts';
import { Turns } from '../../../node-agent/handover/turns.ts';
import { DroverError } from '../../../proto/index.ts';
import { gate } from '../../support/gate.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { turns as someTurns } from '../../support/turns.ts';

test('orders of one migration come one after the other, in the order in which they were given', async (t) => {
  const [turns, seen, first] = [new Turns(), [] as string[], gate()];
  const order = (name: string, wait?: Promise<void>) =>
    turns.run('m-1', async () => {
      seen.push(`${name} begins`);
      await wait;
      seen.push(`${name} ends`);
    });
  const all = [order('a', first.promise), order('b'), order('c')];
  await someTurns();
  t.deepEqual(seen, ['a begins']);
  first.open();
  await Promise.all(all);
  t.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('orders of different migrations do not wait for each other', async (t) => {
  const [turns, never] = [new Turns(), gate()];
  void turns.run('m-1', () => never.promise);
  t.is(await turns.run('m-2', async () => 'done'), 'done');
});

test('an order that fails is told so, and does not stop the next', async (t) => {
  const turns = new Turns();
  const failed = turns.run('m-1', () => Promise.reject(new Error('no')));
  const next = turns.run('m-1', async () => 'done');
  await t.throwsAsync(failed, { message: 'no' });
  t.is(await next, 'done');
});

test('an urgent order ends those before it, and still comes after them', async (t) => {
  const [turns, seen] = [new Turns(), [] as string[]];
  const slow = turns.run('m-1', async (signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await someTurns(3);
    seen.push('cleaned up');
    throw signal.reason;
  });
  const waiting = turns.run('m-1', async () => void seen.push('never'));
  await someTurns(1);
  const urgent = turns.run('m-1', async () => void seen.push('urgent'), { urgent: true });
  for (const before of [slow, waiting]) t.is((await rejectionOf(before)).code, 'CANCELLED');
  await urgent;
  t.deepEqual(seen, ['cleaned up', 'urgent']);
});

test('an urgent order does not end what comes after it', async (t) => {
  const turns = new Turns();
  const urgent = turns.run('m-1', async () => 'urgent', { urgent: true });
  const next = turns.run('m-1', async (signal) => signal.aborted);
  t.is(await urgent, 'urgent');
  t.false(await next);
});

test('an order whose caller gave up before its turn is not begun', async (t) => {
  const [turns, first, abort] = [new Turns(), gate(), new AbortController()];
  const before = turns.run('m-1', () => first.promise);
  const seen: string[] = [];
  const order = turns.run('m-1', async () => void seen.push('begun'), { signal: abort.signal });
  abort.abort(new DroverError('TIMEOUT', 'Too late.'));
  first.open();
  await before;
  t.is((await rejectionOf(order)).code, 'TIMEOUT');
  t.deepEqual(seen, []);
});

test('a live map tells when it is empty', async (t) => {
  const map = new LiveMap<number>();
  await map.whenEmpty();
  map.set('a', 1).set('b', 2);
  let empty = false;
  const waiting = map.whenEmpty().then(() => {
    empty = true;
  });
  map.delete('a');
  await someTurns(1);
  t.false(empty);
  map.delete('b');
  await waiting;
  t.true(empty);
});

test('of many values in a short time only the first is passed on', (t) => {
  const passed: number[] = [];
  const pass = throttled(60_000, (value: number) => passed.push(value));
  for (const value of [1, 2, 3]) pass(value);
  t.deepEqual(passed, [1]);
  const always = throttled(0, (value: number) => passed.push(value));
  for (const value of [4, 5]) always(value);
  t.deepEqual(passed, [1, 4, 5]);
});
