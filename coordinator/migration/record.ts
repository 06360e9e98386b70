import { z } from 'zod';
import { type Migration, SourceCheck } from '../../proto/index.ts';
import { isFinal, phases } from './phases.ts';

/** What is durably known of a migration. Times are RFC 3339; durations are milliseconds. */
export const migrationSchema = z.object({
  id: z.string(),
  workload: z.string(),
  from: z.string(),
  to: z.string(),
  strategy: z.literal('cold'),
  /** Epoch that the workload has once this is committed. */
  epoch: z.number().int().positive(),
  phase: z.enum(phases),
  /** Why the target was chosen. */
  choice: z.string(),
  failure: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.string()) }).optional(),
  containerId: z.string().optional(),
  /** The source's answer to CheckSource, as proto JSON. */
  source: z.unknown(),
  bytesTotal: z.number(),
  bytesSent: z.number(),
  frozenMs: z.number().optional(),
  downtimeMs: z.number().optional(),
  totalMs: z.number().optional(),
  phases: z.array(z.object({ phase: z.string(), ms: z.number() })),
  startedAt: z.string(),
  endedAt: z.string().optional(),
  /** Time that the checks before it took. */
  checkMs: z.number(),
});

export type MigrationRecord = z.infer<typeof migrationSchema>;

/** The migration as operators see it. */
export function toMigration(record: MigrationRecord): Migration {
  return {
    id: record.id,
    workload: record.workload,
    from: record.from,
    to: record.to,
    strategy: record.strategy,
    phase: record.phase,
    outcome: isFinal(record.phase) ? record.phase : '',
    reason: record.failure?.message ?? record.choice,
    bytesTotal: record.bytesTotal,
    bytesSent: record.bytesSent,
    frozenMs: record.frozenMs ?? 0,
    downtimeMs: record.downtimeMs ?? 0,
    totalMs: record.totalMs ?? 0,
    phases: record.phases,
    startedAt: new Date(record.startedAt),
    endedAt: record.endedAt === undefined ? undefined : new Date(record.endedAt),
    epoch: record.epoch,
    failure: record.failure,
  };
}

/** The source's answer to CheckSource, which the target needs. */
export function sourceOf(record: MigrationRecord): SourceCheck {
  return SourceCheck.fromJSON(record.source);
}
