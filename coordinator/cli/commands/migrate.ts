import { type Command, Option } from 'commander';
import { DroverError, type Migration } from '../../../proto/index.ts';
import type { Cli } from '../cli.ts';
import { addConnectionOptions } from '../connection-options.ts';
import { parseDuration } from '../durations.ts';
import { followMigration, throwIfRolledBack } from '../follow-migration.ts';
import { untilInterrupted } from '../interruption.ts';
import { migrationJson, migrationSummary } from '../output/migration.ts';
import { present, type Session, withAdmin } from '../with-admin.ts';
import { addExamples } from './examples.ts';

interface MigrateOptions {
  readonly to?: string;
  readonly strategy: string;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly dryRun?: boolean;
  readonly detach?: true;
}

// Starting one asks both nodes whether it can work.
const deadlineMs = 120_000;

/** `drover migrate`. */
export function addMigrate(program: Command, cli: Cli): void {
  const strategies = ['auto', 'cold', 'precopy', 'postcopy', 'hybrid'];
  const command = program
    .command('migrate')
    .description('move a workload to another node while it keeps its memory')
    .argument('<workload>')
    .option('--to <node>', 'target; without it the policy chooses')
    .addOption(new Option('--strategy <strategy>', 'how its memory travels').choices(strategies).default('auto'))
    .option('--timeout <duration>', 'roll back when it is not done by then', parseDuration)
    .option('--dry-run', 'check everything that can be checked, and change nothing')
    .option('--detach', 'do not wait for the end')
    .action((workload: string, options: MigrateOptions, self: Command) =>
      withAdmin(cli, self, (session) => migrate(cli, session, workload, options), deadlineMs),
    );
  addExamples(
    addConnectionOptions(command),
    'migrate web --to edge-2',
    'migrate web --dry-run',
    'migrate web --detach',
  );
}

async function migrate(cli: Cli, session: Session, workload: string, options: MigrateOptions): Promise<void> {
  const { admin, printer } = session;
  await untilInterrupted(cli, async (signal) => {
    const started = await start(session, workload, options, signal);
    const document = { migration: migrationJson(started) };
    if (options.dryRun) return printer.print(document, () => plannedText(started));
    if (options.detach) return printer.print(document, () => detachedText(started));
    const ended = await followMigration({ cli, admin, id: started.id, signal, silent: printer.json });
    printer.print({ migration: migrationJson(ended) }, () => migrationSummary(ended));
    throwIfRolledBack(ended);
  });
}

async function start(
  { admin }: Session,
  workload: string,
  { to = '', strategy, timeout = 0, dryRun = false }: MigrateOptions,
  signal: AbortSignal,
): Promise<Migration> {
  try {
    const answer = await admin.startMigration({ workload, to, strategy, timeoutMs: timeout, dryRun }, signal);
    return present(answer.migration, 'migration');
  } catch (error) {
    if (!signal.aborted) throw error;
    const message = 'Stopped before the coordinator answered; `drover migrations` shows whether the move began.';
    throw new DroverError('CANCELLED', message, { details: { workload }, cause: error });
  }
}

function plannedText({ workload, from, to, strategy, reason }: Migration): string {
  return `Would move ${workload} from ${from} to ${to} (${strategy})${reason ? `: ${reason}` : ''}`;
}

function detachedText({ id, workload, from, to }: Migration): string {
  return `Moving ${workload} from ${from} to ${to}; \`drover migration watch ${id}\` follows it.`;
}
