import type { Command } from 'commander';
import { DroverError, type Migration } from '../../../proto/index.ts';
import type { Cli } from '../cli.ts';
import type { Admin } from '../client.ts';
import { addConnectionOptions } from '../connection-options.ts';
import { followMigration, throwIfRolledBack } from '../follow-migration.ts';
import { untilInterrupted } from '../interruption.ts';
import { migrationDetailsJson, migrationDetailsText, migrationSummary } from '../output/migration.ts';
import { present, type Session, withAdmin } from '../with-admin.ts';
import { addExamples } from './examples.ts';

/** `drover migration show|watch|cancel`. */
export function addMigration(program: Command, cli: Cli): void {
  const group = program.command('migration').description('look at, follow or cancel one migration');
  addShow(group, cli);
  addWatch(group, cli);
  addCancel(group, cli);
}

function addShow(group: Command, cli: Cli): void {
  const command = group
    .command('show')
    .description('everything that is known about a migration')
    .argument('<id>')
    .action((id: string, _: unknown, self: Command) =>
      withAdmin(cli, self, async ({ admin, printer }) => {
        const migration = await getMigration(admin, id);
        printer.print({ migration: migrationDetailsJson(migration) }, () => migrationDetailsText(migration));
      }),
    );
  addExamples(addConnectionOptions(command), 'migration show m-7');
}

function addWatch(group: Command, cli: Cli): void {
  const command = group
    .command('watch')
    .description('follow a migration to its end')
    .argument('<id>')
    .action((id: string, _: unknown, self: Command) => withAdmin(cli, self, (session) => watch(cli, session, id)));
  addExamples(addConnectionOptions(command), 'migration watch m-7', 'migration watch m-7 -o json');
}

async function watch(cli: Cli, { admin, printer }: Session, id: string): Promise<void> {
  const ended = await untilInterrupted(cli, (signal) =>
    followMigration({
      ...{ cli, admin, id, signal, silent: printer.json },
      onState: (migration) => {
        if (printer.json) printer.print({ migration: migrationDetailsJson(migration) }, () => '');
      },
    }),
  );
  if (!printer.json) printer.print({}, () => migrationSummary(ended));
  throwIfRolledBack(ended);
}

function addCancel(group: Command, cli: Cli): void {
  const command = group
    .command('cancel')
    .description('roll a migration back, while that is still possible')
    .argument('<id>')
    .option('--dry-run', 'only check that it is not over yet')
    .action((id: string, { dryRun }: { dryRun?: true }, self: Command) =>
      withAdmin(cli, self, async ({ admin, printer }) => {
        const migration = dryRun ? await openMigration(admin, id) : await cancel(admin, id);
        const done = migration.outcome === '' ? 'is being rolled back' : 'was rolled back';
        const text = dryRun ? `Would cancel migration ${id}.` : `Migration ${id} ${done}.`;
        printer.print({ migration: migrationDetailsJson(migration) }, () => text);
      }),
    );
  addExamples(addConnectionOptions(command), 'migration cancel m-7');
}

async function getMigration(admin: Admin, id: string): Promise<Migration> {
  return present((await admin.getMigration(id)).migration, 'migration');
}

async function cancel(admin: Admin, id: string): Promise<Migration> {
  return present((await admin.cancelMigration(id)).migration, 'migration');
}

async function openMigration(admin: Admin, id: string): Promise<Migration> {
  const migration = await getMigration(admin, id);
  if (migration.outcome === '') return migration;
  const message = `Migration ${id} is over already: ${migration.outcome.replaceAll('_', ' ')}.`;
  throw new DroverError('MIGRATION_FINAL', message, { details: { migration: id, outcome: migration.outcome } });
}
