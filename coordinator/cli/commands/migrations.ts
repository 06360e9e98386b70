import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addConnectionOptions } from '../connection-options.ts';

import { migrationDetailsJson, migrationsTable } from '../output/migration.ts';
import { parseWhole } from '../parse-whole.ts';
import { showView } from '../watch-table.ts';
import { withAdmin } from '../with-admin.ts';
import { addExamples } from './examples.ts';

interface MigrationsOptions {
  readonly workload?: string;
  readonly limit: number;
  readonly watch?: true;
}

/** `drover migrations`. */
export function addMigrations(program: Command, cli: Cli): void {
  const command = program
    .command('migrations')
    .description('list the migrations, newest first')
    .option('--workload <workload>', 'only those of this workload')
    .option('--limit <n>', 'at most so many', parseWhole, 50)
    .option('--watch', 'again each second')
    .action(({ workload = '', limit, watch }: MigrationsOptions, self: Command) =>
      withAdmin(cli, self, ({ admin, printer }) =>
        showView(cli, printer, watch, async () => {
          const { migrations } = await admin.listMigrations({ workload, limit });
          const document = { migrations: migrations.map(migrationDetailsJson) };
          return { document, text: () => migrationsTable(migrations) };
        }),
      ),
    );
  addExamples(addConnectionOptions(command), 'migrations --workload web --limit 5');
}
