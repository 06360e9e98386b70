import type { MemoryReport } from '../../proto/index.ts';

export type Pressure = 'ok' | 'watch' | 'soft' | 'hard' | 'critical' | 'stale';

export interface PressureVerdict {
  readonly pressure: Pressure;
  /** Share of the node's usable memory that is available, 0 to 1; absent when there is no usable report. */
  readonly availableRatio?: number;
  /** One clause with the numbers that decided. */
  readonly reason: string;
}

/** A report older than this says nothing about now. */
export const staleAfterMs = 15_000;

/**
 * The state of a node's memory from one report, by the entry thresholds of the rebalancing rules.
 * It is instantaneous: smoothing, hold times, hysteresis and time-to-exhaustion come with automatic rebalancing (issue 4),
 * and until then a node near a threshold may flap. Nothing acts on these words alone.
 */
export function pressureOf(memory: MemoryReport | undefined, ageMs: number): PressureVerdict {
  if (!memory || !isUsable(memory)) return { pressure: 'stale', reason: 'no memory report' };
  if (!(ageMs <= staleAfterMs)) return { pressure: 'stale', reason: `the last report is ${Math.round(ageMs)} ms old` };
  const ratio = availableRatio(memory);
  // Without PSI there is one warning less, so each threshold is three points higher.
  const margin = memory.psiSomeAvg10 === undefined ? 0.03 : 0;
  const stalls = stallsOf(memory, ratio);
  const hit = thresholds.find((t) => ratio < t.available + margin || t.stalled(stalls));
  const reason = `${percent(ratio)} available, stalls some ${stalls.some} % full ${stalls.full} %`;
  return { pressure: hit?.pressure ?? 'ok', availableRatio: ratio, reason };
}

/**
 * Memory that is kept back from workloads, in bytes: 256 MiB or 5 %, but never more than an eighth, since 256 MiB would be
 * half of a 512 MiB device.
 */
export function reserveOf(totalBytes: number): number {
  return Math.min(Math.max(256 * 2 ** 20, totalBytes * 0.05), totalBytes / 8);
}

const thresholds: readonly {
  readonly pressure: Pressure;
  readonly available: number;
  readonly stalled: (stalls: { some: number; full: number }) => boolean;
}[] = [
  { pressure: 'critical', available: 0.05, stalled: ({ full }) => full >= 20 },
  { pressure: 'hard', available: 0.08, stalled: ({ full }) => full >= 5 },
  { pressure: 'soft', available: 0.15, stalled: ({ some }) => some >= 10 },
  { pressure: 'watch', available: 0.22, stalled: ({ some }) => some > 2 },
];

function availableRatio({ totalBytes, availableBytes }: MemoryReport): number {
  const reserve = reserveOf(totalBytes);
  return Math.max(0, Math.min(1, (availableBytes - reserve) / (totalBytes - reserve)));
}

// A container at its own limit stalls too, which is no lack of memory on the node: stalls count only below 30 % available.
function stallsOf(memory: MemoryReport, ratio: number): { some: number; full: number } {
  if (ratio >= 0.3) return { some: 0, full: 0 };
  return { some: memory.psiSomeAvg10 ?? 0, full: memory.psiFullAvg10 ?? 0 };
}

function isUsable({ totalBytes, availableBytes }: MemoryReport): boolean {
  return Number.isFinite(totalBytes) && totalBytes > 0 && Number.isFinite(availableBytes);
}

function percent(ratio: number): string {
  return `${Math.round(ratio * 1000) / 10} %`;
}
