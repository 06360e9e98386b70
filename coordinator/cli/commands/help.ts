import type { Command } from 'commander';
import { DroverError } from '../../../proto/index.ts';

/** `drover help [COMMAND…]`; unlike commander's own it follows subcommands, as in `drover help node show`. */
export function addHelp(program: Command): void {
  program
    .command('help')
    .description('explain a command')
    .argument('[command...]')
    .action((names: readonly string[]) => find(program, names).outputHelp());
}

function find(program: Command, names: readonly string[]): Command {
  return names.reduce((command, name) => {
    const next = command.commands.find((candidate) => candidate.name() === name);
    if (next) return next;
    throw new DroverError('BAD_USAGE', `There is no command "${names.join(' ')}"; \`drover help\` lists them.`);
  }, program);
}
