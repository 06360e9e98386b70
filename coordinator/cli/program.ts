import { Command } from 'commander';
import type { Cli } from './cli.ts';
import { addAdopt } from './commands/adopt.ts';
import { addCompletion } from './commands/completion.ts';
import { addCoordinator } from './commands/coordinator.ts';
import { addEvents } from './commands/events.ts';
import { addHelp } from './commands/help.ts';
import { addInspect } from './commands/inspect.ts';
import { addLogs } from './commands/logs.ts';
import { addMigrate } from './commands/migrate.ts';
import { addMigration } from './commands/migration.ts';
import { addMigrations } from './commands/migrations.ts';
import { addNode } from './commands/node.ts';
import { addAgent, addDoctor } from './commands/node-agent.ts';
import { addNodes } from './commands/nodes.ts';
import { addPs } from './commands/ps.ts';
import { addRm } from './commands/rm.ts';
import { addRun } from './commands/run.ts';
import { addToken } from './commands/token.ts';
import { addVersion } from './commands/version.ts';
import { addConnectionOptions } from './connection-options.ts';

const commands = [
  addCoordinator,
  addAgent,
  addDoctor,
  addToken,
  addNodes,
  addNode,
  addPs,
  addInspect,
  addRun,
  addAdopt,
  addRm,
  addMigrate,
  addMigrations,
  addMigration,
  addLogs,
  addEvents,
  addCompletion,
  addHelp,
  addVersion,
];

/** The whole command line. Usage errors are thrown as CommanderError and never written. */
export function createProgram(cli: Cli): Command {
  const program = new Command('drover')
    .description('Moves running, stateful containers between the Docker hosts of an edge fleet.')
    .version(`drover ${cli.version}`, '-V, --version', 'show the version')
    .exitOverride()
    .configureOutput({ writeOut: (text) => cli.stdout.write(text), writeErr: () => {} })
    .helpCommand(false)
    // Needed for `run`, where what follows the image belongs to the container.
    .enablePositionalOptions()
    .addHelpText(
      'after',
      '\nStart with `drover coordinator` here and `drover token create`; `drover help COMMAND` has examples.',
    );
  addConnectionOptions(program);
  for (const add of commands) add(program, cli);
  return program;
}
