import test from 'ava';
import { humanSize, humanSpan, humanTime, plain } from '../../../coordinator/cli/output/human.ts';
import { table } from '../../../coordinator/cli/output/table.ts';

const shows = test.macro({
  exec: (t, show: (value: number) => string, value: number, text: string) => t.is(show(value), text),
  title: (_, show: (value: number) => string, value) => `${show.name} of ${value}`,
});

test(shows, humanSize, 0, '0 B');
test(shows, humanSize, 1023, '1023 B');
test(shows, humanSize, 1024, '1.0 KiB');
test(shows, humanSize, 222_822_400, '212.5 MiB');
test(shows, humanSize, 1024 ** 3, '1.0 GiB');
test(shows, humanSize, 1024 ** 6, '1024.0 PiB');

test(shows, humanSpan, 0, '0 ms');
test(shows, humanSpan, 850.4, '850 ms');
test(shows, humanSpan, 12_400, '12.4 s');
test(shows, humanSpan, 59_990, '1m 0s');
test(shows, humanSpan, 200_000, '3m 20s');
test(shows, humanSpan, 3_660_000, '1h 1m');
test(shows, humanSpan, 187_200_000, '2d 4h');

test('times are RFC 3339 in UTC, and a missing one is a dash', (t) => {
  t.is(humanTime(new Date('2026-01-02T03:04:05.678Z')), '2026-01-02T03:04:05Z');
  t.is(humanTime(undefined), '-');
});

test('control characters from outside never reach the terminal', (t) => {
  t.is(plain('a\u001b[2Jb\nc\u009bd'), 'a [2Jb c d');
});

test('a table lines its columns up and shows nothing as a dash', (t) => {
  const rows = [
    { name: 'edge-1', size: '5' },
    { name: 'e2', size: '' },
  ];
  const text = table(rows, [
    { head: 'NAME', cell: ({ name }) => name },
    { head: 'SIZE', cell: ({ size }) => size, align: 'right' },
  ]);
  t.is(text, ['NAME    SIZE', 'edge-1     5', 'e2         -'].join('\n'));
});
