import { downtimeMs } from '../tour/hop.ts';
import type { TourStop } from '../tour/tour.ts';
import type { TouredWorkload } from '../tour/workload.ts';
import { type Spread, spread } from './statistics.ts';

/** What `scripts/bench migrate` prints. `ok` says whether all targets were met. */
export interface MigrateReport {
  readonly bench: 'migrate';
  readonly hops: number;
  readonly machine: Machine;
  readonly workloads: readonly WorkloadReport[];
  readonly agents: AgentReport;
  readonly ok: boolean;
}

/** Where it was measured. Client, coordinator and all nodes share this machine. */
export interface Machine {
  readonly cpus: number;
  readonly kernel: string;
  readonly node: string;
  /** Load average of the minute before: what else was going on. */
  readonly load_before: number;
}

export interface WorkloadReport {
  readonly workload: string;
  readonly mb: number;
  /** Longest time without an answer for a client that asks every 10 ms. */
  readonly downtime_ms: Spread;
  readonly frozen_ms: Spread;
  readonly total_ms: Spread;
  readonly bytes_sent: Spread;
  readonly phases: readonly { readonly phase: string; readonly median_ms: number }[];
  readonly requests: number;
  readonly requests_retried: number;
  readonly requests_unanswered: number;
  readonly requests_wrong: number;
  /** What was wrong with the state that arrived. */
  readonly problems: readonly string[];
  readonly targets: { readonly downtime_ms_median: number; readonly requests_wrong: number };
  readonly ok: boolean;
}

export interface AgentReport {
  readonly nodes: readonly {
    readonly node: string;
    readonly idle_rss_bytes: number;
    /** During the moves of the largest workload. */
    readonly peak_rss_bytes: number;
    readonly growth_bytes: number;
  }[];
  readonly targets: { readonly idle_rss_bytes: number; readonly growth_bytes: number };
  readonly ok: boolean;
}

const mebibyte = 1024 ** 2;
const targets = {
  downtime_ms_median: { idle: 500, withBallast: 2_500 },
  idle_rss: 80 * mebibyte,
  growth: 64 * mebibyte,
};

/** The numbers of one workload's moves. */
export function workloadReport({ name, mb = 0 }: TouredWorkload, stops: readonly TourStop[]): WorkloadReport {
  const { idle, withBallast } = targets.downtime_ms_median;
  const of = (value: (stop: TourStop) => number) => spread(stops.map(value));
  const sum = (value: (stop: TourStop) => number) => stops.map(value).reduce((a, b) => a + b, 0);
  const report = {
    workload: name,
    mb,
    downtime_ms: of(downtimeMs),
    frozen_ms: of(({ migration }) => migration.frozen_ms),
    total_ms: of(({ migration }) => migration.total_ms),
    bytes_sent: of(({ migration }) => migration.bytes_sent),
    phases: phaseMedians(stops),
    requests: sum(({ seen }) => seen?.requests ?? 0),
    requests_retried: sum(({ seen }) => seen?.retried ?? 0),
    requests_unanswered: sum(({ seen }) => seen?.unanswered ?? 0),
    requests_wrong: sum(({ seen }) => seen?.wrong ?? 0),
    problems: stops.flatMap(({ problems }) => problems),
    targets: { downtime_ms_median: mb === 0 ? idle : withBallast, requests_wrong: 0 },
  };
  const failed = report.requests_wrong + report.requests_unanswered + report.problems.length;
  return { ...report, ok: failed === 0 && report.downtime_ms.median <= report.targets.downtime_ms_median };
}

function phaseMedians(stops: readonly TourStop[]): WorkloadReport['phases'] {
  const times = new Map<string, number[]>();
  for (const { phase, ms } of stops.flatMap(({ migration }) => migration.phases)) {
    times.set(phase, [...(times.get(phase) ?? []), ms]);
  }
  return [...times].map(([phase, ms]) => ({ phase, median_ms: spread(ms).median }));
}

/** Compares what the agents needed while idle with what they needed at the most, in bytes by node. */
export function agentReport(idle: ReadonlyMap<string, number>, peak: ReadonlyMap<string, number>): AgentReport {
  const nodes = [...idle].map(([node, idleBytes]) => {
    const peakBytes = peak.get(node) ?? 0;
    return { node, idle_rss_bytes: idleBytes, peak_rss_bytes: peakBytes, growth_bytes: peakBytes - idleBytes };
  });
  const met = nodes.every((node) => node.idle_rss_bytes <= targets.idle_rss && node.growth_bytes <= targets.growth);
  return { nodes, targets: { idle_rss_bytes: targets.idle_rss, growth_bytes: targets.growth }, ok: met };
}
