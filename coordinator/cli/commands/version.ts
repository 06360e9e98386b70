import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addOutputOption } from '../connection-options.ts';
import { createPrinter } from '../output/printer.ts';
import { addExamples } from './examples.ts';

/** `drover version`. */
export function addVersion(program: Command, cli: Cli): void {
  const command = program
    .command('version')
    .description('show the version')
    .action((_: unknown, self: Command) => {
      const printer = createPrinter(cli.stdout, self.optsWithGlobals().output === 'json');
      printer.print({ version: cli.version, node: process.version }, () => `drover ${cli.version}`);
    });
  addExamples(addOutputOption(command), 'version -o json');
}
