import type { Command } from 'commander';

/** Adds examples to a command's help. Each line is a command line without `drover`. */
export function addExamples(command: Command, ...lines: readonly string[]): Command {
  const title = lines.length === 1 ? 'Example:' : 'Examples:';
  return command.addHelpText('after', ['', title, ...lines.map((line) => `  drover ${line}`)].join('\n'));
}
