import { Argument, type Command } from 'commander';
import type { Cli } from '../cli.ts';
import { completionScript, shells } from '../completion-script.ts';
import { addExamples } from './examples.ts';

/** `drover completion bash|zsh|fish`. */
export function addCompletion(program: Command, cli: Cli): void {
  const command = program
    .command('completion')
    .description('print a completion script for your shell')
    .addArgument(new Argument('<shell>').choices(shells))
    .action((shell: (typeof shells)[number]) => {
      cli.stdout.write(completionScript(shell, program));
    });
  addExamples(
    command,
    'completion bash > /etc/bash_completion.d/drover',
    'completion zsh > ~/.zfunc/_drover',
    'completion fish > ~/.config/fish/completions/drover.fish',
  );
}
