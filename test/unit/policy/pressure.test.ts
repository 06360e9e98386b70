import test from 'ava';
import { type Pressure, pressureOf, reserveOf } from '../../../coordinator/policy/pressure.ts';
import type { MemoryReport } from '../../../proto/index.ts';
import { aMemory, mib } from '../../support/a-fleet.ts';

// 1 GiB keeps 128 MiB back, so that 896 MiB are usable.
const withRatio = (ratio: number, changes: Partial<MemoryReport> = {}) =>
  aMemory({ availableBytes: 128 * mib + Math.round(ratio * 896 * mib), ...changes });

const rows: [string, MemoryReport | undefined, number, Pressure][] = [
  ['half available', withRatio(0.5), 0, 'ok'],
  ['at the watch threshold', withRatio(0.2201), 0, 'ok'],
  ['below the watch threshold', withRatio(0.219), 0, 'watch'],
  ['below the soft threshold', withRatio(0.149), 0, 'soft'],
  ['below the hard threshold', withRatio(0.079), 0, 'hard'],
  ['below the critical threshold', withRatio(0.049), 0, 'critical'],
  ['less available than is kept back', aMemory({ availableBytes: 1 }), 0, 'critical'],
  ['some stalls while memory is short', withRatio(0.25, { psiSomeAvg10: 2.1 }), 0, 'watch'],
  ['many stalls while memory is short', withRatio(0.25, { psiSomeAvg10: 10 }), 0, 'soft'],
  ['full stalls while memory is short', withRatio(0.25, { psiFullAvg10: 5 }), 0, 'hard'],
  ['mostly full stalls while memory is short', withRatio(0.25, { psiFullAvg10: 20 }), 0, 'critical'],
  ['stalls of a container at its own limit', withRatio(0.5, { psiSomeAvg10: 60, psiFullAvg10: 60 }), 0, 'ok'],
  ['no stall information raises the thresholds', withRatio(0.24, { psiSomeAvg10: undefined }), 0, 'watch'],
  ['a report of 15 s ago', withRatio(0.5), 15_000, 'ok'],
  ['an older report', withRatio(0.5), 15_001, 'stale'],
  ['a node that never reported', withRatio(0.5), Number.POSITIVE_INFINITY, 'stale'],
  ['no report', undefined, 0, 'stale'],
  ['a report without a total', aMemory({ totalBytes: 0 }), 0, 'stale'],
  ['a report of nonsense', aMemory({ availableBytes: Number.NaN }), 0, 'stale'],
];

for (const [title, memory, ageMs, expected] of rows) {
  test(`${title} is ${expected}`, (t) => t.is(pressureOf(memory, ageMs).pressure, expected));
}

test('the verdict says with which numbers it was reached', (t) => {
  t.is(pressureOf(withRatio(0.1), 0).reason, '10 % available, stalls some 0 % full 0 %');
});

test('a small device keeps an eighth back, a middle one 256 MiB, a large one 5 %', (t) => {
  t.is(reserveOf(512 * mib), 64 * mib);
  t.is(reserveOf(4096 * mib), 256 * mib);
  t.is(reserveOf(16384 * mib), 16384 * mib * 0.05);
});
