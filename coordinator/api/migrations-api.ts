import type { AdminServiceServer } from '../../proto/index.ts';
import type { Migrations } from '../migration/migrations-port.ts';
import type { AdminCalls } from './admin-calls.ts';

export type MigrationsApi = Pick<
  AdminServiceServer,
  'startMigration' | 'listMigrations' | 'getMigration' | 'watchMigration' | 'cancelMigration'
>;

// More at once would only make a message that is too long.
const longestList = 1000;

/** The calls about migrations. */
export function migrationsApi(options: { readonly calls: AdminCalls; readonly migrations: Migrations }): MigrationsApi {
  const { calls, migrations } = options;
  return {
    startMigration: calls.unary(async ({ workload, to, strategy, timeoutMs, dryRun }) => ({
      migration: await migrations.start({
        workload,
        strategy: strategy || 'auto',
        dryRun,
        ...(to === '' ? {} : { to }),
        ...(timeoutMs === 0 ? {} : { timeoutMs }),
      }),
    })),
    listMigrations: calls.unary(async ({ workload, limit }) => ({
      migrations: await migrations.list({
        limit: Math.min(limit || 50, longestList),
        ...(workload === '' ? {} : { workload }),
      }),
    })),
    getMigration: calls.unary(async ({ id }) => ({ migration: await migrations.get(id) })),
    watchMigration: calls.serverStream(async function* ({ id }, { signal }) {
      for await (const migration of migrations.watch(id, signal)) yield { migration };
    }),
    cancelMigration: calls.unary(async ({ id }) => ({ migration: await migrations.cancel(id) })),
  };
}
