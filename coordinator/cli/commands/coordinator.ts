import { type Command, Option } from 'commander';
import type { Cli } from '../cli.ts';
import { addExamples } from './examples.ts';

interface CoordinatorOptions {
  readonly listen: string;
  readonly dataDir: string;
  readonly config?: string;
  readonly logLevel?: string;
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** `drover coordinator`: runs until it is told to stop. */
export function addCoordinator(program: Command, cli: Cli): void {
  const command = program
    .command('coordinator')
    .description('run the coordinator')
    .option('--listen <address>', 'HOST:PORT to serve on', '0.0.0.0:7400')
    .option('--data-dir <dir>', 'where its state is kept', '/var/lib/drover/coordinator')
    .option('--config <file>', 'settings as JSON')
    .addOption(new Option('--log-level <level>', 'least serious messages to log').choices(logLevels))
    .action(({ listen, dataDir, config, logLevel }: CoordinatorOptions) =>
      cli.runCoordinator({
        listen,
        dataDir,
        ...(config === undefined ? {} : { configFile: config }),
        ...(logLevel === undefined ? {} : { logLevel }),
      }),
    );
  addExamples(command, 'coordinator --listen 10.0.0.1:7400 --data-dir /srv/drover');
}
