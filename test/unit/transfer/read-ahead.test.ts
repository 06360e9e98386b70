import test from 'ava';
import { readAhead } from '../../../node-agent/transfer/read-ahead.ts';
import { gate } from '../../support/gate.ts';
import { turns } from '../../support/turns.ts';

// Counts up, and notes what was asked of it and whether it was ended.
function counting(end: number) {
  const seen = { asked: 0, ended: false };
  async function* count() {
    try {
      while (seen.asked < end) yield ++seen.asked;
    } finally {
      seen.ended = true;
    }
  }
  return { seen, source: count() };
}

test('every value comes, once and in order', async (t) => {
  const values: number[] = [];
  for await (const value of readAhead(counting(5).source, 3)) values.push(value);
  t.deepEqual(values, [1, 2, 3, 4, 5]);
});

test('it is ahead by what was said, and no further', async (t) => {
  const { source, seen } = counting(100);
  const values = readAhead(source, 3);
  await values.next();
  await turns();
  t.is(seen.asked, 3);
  await values.next();
  await turns();
  t.is(seen.asked, 4);
  await values.return(undefined);
});

test('a reader that stops ends the source', async (t) => {
  const { source, seen } = counting(100);
  for await (const _ of readAhead(source, 2)) break;
  t.true(seen.ended);
});

test('a failure comes after the values before it, and ends the reading', async (t) => {
  async function* failing() {
    yield 1;
    throw new Error('disk gone');
  }
  const values = readAhead(failing(), 4);
  t.is((await values.next()).value, 1);
  await t.throwsAsync(values.next(), { message: 'disk gone' });
  t.true((await values.next()).done);
});

test('a value that is slow to come holds up nothing but its reader', async (t) => {
  const slow = gate<number>();
  async function* source() {
    yield await slow.promise;
  }
  const next = readAhead(source(), 2).next();
  slow.open(7);
  t.is((await next).value, 7);
});
