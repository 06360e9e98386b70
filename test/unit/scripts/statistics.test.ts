import test from 'ava';
import { spread } from '../../../scripts/lib/bench/statistics.ts';

const series: readonly [values: readonly number[], median: number, min: number, max: number][] = [
  [[7], 7, 7, 7],
  [[9, 1, 5], 5, 1, 9],
  [[10, 2, 9, 1], 5.5, 1, 10],
  [[0.04, 0.26], 0.2, 0, 0.3],
];
for (const [values, median, min, max] of series) {
  test(`the median of ${values.join(', ')} is ${median}`, (t) => t.deepEqual(spread(values), { median, min, max }));
}

test('there is no median of nothing', (t) => {
  t.throws(() => spread([]), { instanceOf: RangeError });
});
