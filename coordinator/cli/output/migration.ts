import type { Migration } from '../../../proto/index.ts';
import { humanSize, humanSpan, humanTime, plain } from './human.ts';
import { details, table } from './table.ts';

/** A migration as `migrate -o json` shows it. Before the end `outcome` is null. */
export function migrationJson(migration: Migration) {
  return {
    id: migration.id,
    workload: migration.workload,
    from: migration.from,
    to: migration.to,
    strategy: migration.strategy,
    outcome: migration.outcome || null,
    reason: migration.reason,
    bytes_total: migration.bytesTotal,
    bytes_sent: migration.bytesSent,
    frozen_ms: rounded(migration.frozenMs),
    downtime_ms: rounded(migration.downtimeMs),
    total_ms: rounded(migration.totalMs),
    phases: migration.phases.map(({ phase, ms }) => ({ phase, ms: rounded(ms) })),
  };
}

/** A migration as `migration show|watch` and `migrations` show it: the same, and all the rest. */
export function migrationDetailsJson(migration: Migration) {
  return {
    ...migrationJson(migration),
    phase: migration.phase,
    epoch: migration.epoch,
    started_at: migration.startedAt?.toISOString() ?? null,
    ended_at: migration.endedAt?.toISOString() ?? null,
    failure: migration.failure ?? null,
  };
}

/** The table of `drover migrations`. */
export function migrationsTable(migrations: readonly Migration[]): string {
  if (migrations.length === 0) return 'No migrations yet.';
  return table(migrations, [
    { head: 'ID', cell: ({ id }) => id },
    { head: 'WORKLOAD', cell: ({ workload }) => workload },
    { head: 'FROM', cell: ({ from }) => from },
    { head: 'TO', cell: ({ to }) => to },
    { head: 'STRATEGY', cell: ({ strategy }) => strategy },
    { head: 'OUTCOME', cell: outcomeWords },
    { head: 'SENT', cell: ({ bytesSent }) => humanSize(bytesSent), align: 'right' },
    { head: 'DOWNTIME', cell: ({ downtimeMs }) => (downtimeMs > 0 ? humanSpan(downtimeMs) : ''), align: 'right' },
    { head: 'TOTAL', cell: ({ totalMs }) => (totalMs > 0 ? humanSpan(totalMs) : ''), align: 'right' },
    { head: 'STARTED', cell: ({ startedAt }) => humanTime(startedAt) },
  ]);
}

/** The text of `drover migration show`. */
export function migrationDetailsText(migration: Migration): string {
  return details([
    ['Id', migration.id],
    ['Workload', migration.workload],
    ['From', migration.from],
    ['To', migration.to],
    ['Strategy', migration.strategy],
    ['Outcome', outcomeWords(migration)],
    ['Reason', migration.reason],
    ['Failure', migration.failure ? `${migration.failure.message} (${migration.failure.code})` : ''],
    ['Bytes', `${humanSize(migration.bytesSent)} sent, ${humanSize(migration.bytesTotal)} in all`],
    ['Frozen', humanSpan(migration.frozenMs)],
    ['Downtime', humanSpan(migration.downtimeMs)],
    ['Total', humanSpan(migration.totalMs)],
    ['Epoch', String(migration.epoch)],
    ['Started', humanTime(migration.startedAt)],
    ['Ended', humanTime(migration.endedAt)],
    ['Phases', migration.phases.map(({ phase, ms }) => `${phase} ${humanSpan(ms)}`).join(', ')],
  ]);
}

/** One line that says how a migration ended. */
export function migrationSummary(migration: Migration): string {
  const { workload, from, to, bytesSent, downtimeMs, totalMs } = migration;
  if (migration.outcome !== 'committed')
    return plain(`${workload} stays on ${from}: ${migration.reason || 'rolled back'}`);
  const numbers = `downtime ${humanSpan(downtimeMs)}, ${humanSize(bytesSent)} sent, ${humanSpan(totalMs)} in all`;
  return plain(`${workload} moved from ${from} to ${to}: ${numbers}`);
}

function outcomeWords(migration: Migration): string {
  return migration.outcome.replaceAll('_', ' ') || `${migration.phase} …`;
}

// Microseconds are enough; floating-point dust is not for readers.
function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
