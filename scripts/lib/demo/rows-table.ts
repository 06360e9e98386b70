import { humanSize } from '../../../coordinator/cli/output/human.ts';
import { table } from '../../../coordinator/cli/output/table.ts';
import type { Row } from './rows.ts';

const legend = `Downtime  the longest time without an answer for a client that begins a request every 10 ms, each over a new
          connection (* answers nobody: as the two agents measured it)
Retried   refused, cut, or without an answer for 100 ms at first, then answered at a further attempt, on whichever node
Failed    without a right answer within 10 s
State     request counter, uptime, hash of the ballast and numbers in the log went on`;

/** The table for people, with a legend. */
export function rowsTable(rows: readonly Row[]): string {
  const body = table(rows, [
    { head: 'WORKLOAD', cell: ({ workload }) => workload },
    { head: 'FROM → TO', cell: ({ from, to }) => `${from} → ${to}` },
    { head: 'SENT', cell: ({ bytes_sent: bytes }) => humanSize(bytes), align: 'right' },
    { head: 'FROZEN', cell: ({ frozen_ms: ms }) => milliseconds(ms), align: 'right' },
    { head: 'DOWNTIME', cell: (row) => `${milliseconds(row.downtime_ms)}${mark(row)}`, align: 'right' },
    { head: 'REQUESTS', cell: asked(({ requests }) => requests), align: 'right' },
    { head: 'RETRIED', cell: asked((row) => row.requests_retried), align: 'right' },
    { head: 'FAILED', cell: asked((row) => row.requests_failed), align: 'right' },
    { head: 'STATE', cell: ({ state_kept: kept }) => (kept ? 'kept' : 'LOST') },
  ]);
  return `${body}\n\n${legend}`;
}

function milliseconds(ms: number): string {
  return `${Math.round(ms)} ms`;
}

function mark({ downtime_seen_by: by }: Row): string {
  return by === 'agents' ? '*' : ' ';
}

// A workload that answers nobody has a dash where requests are counted.
function asked(count: (row: Row) => number) {
  return (row: Row) => (row.downtime_seen_by === 'client' ? String(count(row)) : '');
}
