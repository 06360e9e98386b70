import { DroverError, fromFailure, type Migration } from '../../proto/index.ts';
import type { Cli } from './cli.ts';
import type { Admin } from './client.ts';
import { createProgress } from './progress.ts';
import { watchMigration } from './watch-migration.ts';

interface FollowOptions {
  readonly cli: Cli;
  readonly admin: Admin;
  readonly id: string;
  readonly signal: AbortSignal;
  /** No progress for people; `onState` still hears of every state. */
  readonly silent: boolean;
  readonly onState?: (migration: Migration) => void;
}

/** Follows a migration to its end, showing progress, and returns its final state. */
export async function followMigration(options: FollowOptions): Promise<Migration> {
  const { cli, admin, id, signal } = options;
  const progress = options.silent ? undefined : createProgress(cli.stdout, cli.now);
  const onLost = (error: DroverError) => progress?.note(`${error.message} Trying again …`);
  let last: Migration | undefined;
  try {
    for await (const migration of watchMigration(admin, id, { signal, now: cli.now, onLost })) {
      last = migration;
      progress?.show(migration);
      options.onState?.(migration);
    }
  } finally {
    progress?.end();
  }
  if (last === undefined) throw new DroverError('MIGRATION_NOT_FOUND', `There is no migration ${id}.`);
  return last;
}

/** Does nothing for a committed migration. Throws the error that a rolled back one failed with. */
export function throwIfRolledBack(migration: Migration): void {
  if (migration.outcome === 'committed') return;
  const details = { migration: migration.id, workload: migration.workload };
  if (migration.failure === undefined) {
    const why = migration.reason || 'the coordinator gave no reason';
    throw new DroverError('INTERNAL', `The migration was rolled back: ${why}`, { details });
  }
  const { code, message, details: facts } = fromFailure(migration.failure);
  throw new DroverError(code, message, { details: { ...facts, ...details } });
}
