import test from 'ava';
import fc from 'fast-check';
import { backoffMs, defaultBackoff, refusedWaitMs } from '../../../node-agent/session/backoff.ts';

const bounds: [attempt: number, boundMs: number][] = [
  [0, 200],
  [1, 400],
  [5, 6400],
  [6, 10_000],
  [1000, 10_000],
];

for (const [attempt, boundMs] of bounds) {
  test(`the wait before attempt ${attempt} is at most ${boundMs} ms`, (t) => t.is(backoffMs(attempt, 1), boundMs));
}

test('jitter is full: any wait from nothing to the bound', (t) => {
  t.is(backoffMs(3, 0), 0);
  t.is(backoffMs(3, 0.5), 800);
});

test('no wait is ever longer than the longest', (t) => {
  const attempts = fc.nat();
  const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  t.notThrows(() =>
    fc.assert(fc.property(attempts, randoms, (n, random) => backoffMs(n, random) <= defaultBackoff.longestMs)),
  );
});

test('after a refusal the wait is long', (t) => {
  t.is(refusedWaitMs(0), 30_000);
  t.is(refusedWaitMs(1), 60_000);
});
