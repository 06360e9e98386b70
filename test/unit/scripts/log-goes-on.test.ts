import test from 'ava';
import { problemWith } from '../../../scripts/lib/tour/log-goes-on.ts';

test('numbers that go on one by one are right', (t) => {
  t.is(problemWith([41, 42, 43], 42), undefined);
});

const problems: readonly [title: string, numbers: readonly number[], complaint: RegExp][] = [
  ['no line at all', [], /does not go on after 42/],
  ['no new line', [41, 42], /does not go on after 42/],
  ['a count from the beginning', [1, 2], /does not go on after 42/],
  ['a missing number', [42, 43, 45], /jumps from 43 to 45/],
  ['a number that came twice', [42, 43, 43], /jumps from 43 to 43/],
  ['a restart within the lines', [43, 1, 99], /jumps from 43 to 1/],
];
for (const [title, numbers, complaint] of problems) {
  test(`${title} is a problem`, (t) => t.regex(problemWith(numbers, 42) ?? '', complaint));
}
