import { z } from 'zod';
import type { Probe } from '../probe/probe.ts';
import type { ProbeReport } from '../probe/report.ts';
import type { DroverCommand } from './drover-command.ts';

/** One move, as Drover reports it and as a client saw it. */
export interface Hop {
  readonly migration: Migration;
  /** Undefined for a workload that answers nobody. */
  readonly seen: ProbeReport | undefined;
}

export type Migration = z.infer<typeof migrationSchema>;

const migrationSchema = z.object({
  id: z.string(),
  workload: z.string(),
  from: z.string(),
  to: z.string(),
  outcome: z.literal('committed'),
  bytes_sent: z.number(),
  frozen_ms: z.number(),
  downtime_ms: z.number(),
  total_ms: z.number(),
  phases: z.array(z.object({ phase: z.string(), ms: z.number() })),
});

const documentSchema = z.object({ migration: migrationSchema });

/**
 * Moves a workload with `drover migrate` while a client asks it.
 *
 * @throws CommandFailed when it was refused or rolled back
 */
export async function hop(drover: DroverCommand, workload: string, to: string, probe?: Probe): Promise<Hop> {
  await probe?.take();
  const { migration } = documentSchema.parse(await drover.json(['migrate', workload, '--to', to]));
  return { migration, seen: await probe?.take() };
}

/**
 * Milliseconds without an answer: seen by the client, or, for a workload that answers nobody, the time that the two
 * agents measured between the freeze on one node and the first step on the other.
 */
export function downtimeMs({ migration, seen }: Hop): number {
  return seen?.longestGapMs ?? migration.downtime_ms;
}

/** The nodes that a workload visits on a round trip from the first of them back to it, without where it starts. */
export function roundTrip(nodes: readonly string[], hops: number): readonly string[] {
  return Array.from({ length: hops }, (_, at) => nodes[(at + 1) % nodes.length] ?? '');
}
