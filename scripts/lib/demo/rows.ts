import { downtimeMs } from '../tour/hop.ts';
import type { TourStop } from '../tour/tour.ts';

/** One move in the demonstration's JSON document. */
export interface Row {
  readonly workload: string;
  readonly from: string;
  readonly to: string;
  readonly bytes_sent: number;
  readonly frozen_ms: number;
  /** See `downtime_seen_by`. */
  readonly downtime_ms: number;
  /** `client`, or `agents` for a workload that answers nobody. */
  readonly downtime_seen_by: 'client' | 'agents';
  readonly total_ms: number;
  readonly requests: number;
  /** Answered, but not at the first attempt. */
  readonly requests_retried: number;
  /** Never answered, or answered wrongly. */
  readonly requests_failed: number;
  readonly state_kept: boolean;
  /** Why the state is thought lost. */
  readonly problems: readonly string[];
}

/** The document that `scripts/demo --json` prints. */
export interface DemoDocument {
  readonly migrations: readonly Row[];
  readonly ok: boolean;
  readonly error?: { readonly code: string; readonly message: string };
}

/** The row of one move. */
export function rowOf(stop: TourStop): Row {
  const { migration, seen, problems } = stop;
  const { workload, from, to, bytes_sent, frozen_ms, total_ms } = migration;
  return {
    workload,
    from,
    to,
    bytes_sent,
    frozen_ms: tenths(frozen_ms),
    downtime_ms: tenths(downtimeMs(stop)),
    downtime_seen_by: seen === undefined ? 'agents' : 'client',
    total_ms: tenths(total_ms),
    requests: seen?.requests ?? 0,
    requests_retried: seen?.retried ?? 0,
    requests_failed: (seen?.unanswered ?? 0) + (seen?.wrong ?? 0),
    state_kept: problems.length === 0,
    problems,
  };
}

/** Whether a move went as it should: no request failed, and the state arrived. */
export function isGood(row: Row): boolean {
  return row.requests_failed === 0 && row.state_kept;
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
