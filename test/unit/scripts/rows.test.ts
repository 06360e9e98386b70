import test from 'ava';
import { isGood, rowOf } from '../../../scripts/lib/demo/rows.ts';
import { rowsTable } from '../../../scripts/lib/demo/rows-table.ts';
import type { TourStop } from '../../../scripts/lib/tour/tour.ts';

const migration: TourStop['migration'] = {
  id: 'm-1',
  workload: 'fn-node',
  from: 'edge-1',
  to: 'edge-2',
  outcome: 'committed',
  bytes_sent: 2_048,
  frozen_ms: 300.04,
  downtime_ms: 350,
  total_ms: 900,
  phases: [],
};
const seen = { requests: 200, retried: 40, unanswered: 0, wrong: 0, longestGapMs: 412.37, complaints: [] };
const stop: TourStop = { migration, seen, problems: [] };

test('the downtime is the one that the client saw', (t) => {
  const row = rowOf(stop);
  t.is(row.downtime_ms, 412.4);
  t.is(row.downtime_seen_by, 'client');
  t.true(isGood(row));
});

test('for a workload that answers nobody it is the one that the agents measured', (t) => {
  const row = rowOf({ ...stop, seen: undefined });
  t.is(row.downtime_ms, 350);
  t.is(row.downtime_seen_by, 'agents');
  t.true(isGood(row));
});

test('wrong and missing answers are failures, retried requests are none', (t) => {
  const row = rowOf({ ...stop, seen: { ...seen, unanswered: 2, wrong: 1 } });
  t.is(row.requests_failed, 3);
  t.is(row.requests_retried, 40);
  t.false(isGood(row));
});

test('state with a problem is not kept', (t) => {
  const row = rowOf({ ...stop, problems: ['the log jumps from 3 to 5'] });
  t.false(row.state_kept);
  t.false(isGood(row));
});

test('the table marks what no client saw, and says so below', (t) => {
  const text = rowsTable([rowOf(stop), rowOf({ ...stop, seen: undefined })]);
  t.regex(text, /edge-1 → edge-2 +2\.0 KiB +300 ms +412 ms +200 +40 +0 +kept/);
  t.regex(text, /350 ms\* +- +- +- +kept/);
  t.regex(text, /\* answers nobody/);
});
