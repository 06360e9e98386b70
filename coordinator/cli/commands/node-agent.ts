import type { Command } from 'commander';
import { DroverError } from '../../../proto/index.ts';

/** `drover agent`: listed here, run by node-agent/cli, to which scripts/drover.mjs hands it over. */
export function addAgent(program: Command): void {
  addElsewhere(program, 'agent', 'run a node agent; `agent install` prepares the machine for it');
}

/** `drover doctor`, likewise. */
export function addDoctor(program: Command): void {
  addElsewhere(program, 'doctor', 'on a node: show what works here, and what to do about the rest');
}

function addElsewhere(program: Command, name: string, description: string): void {
  program
    .command(name)
    .description(description)
    .allowUnknownOption()
    .argument('[arguments...]')
    .action(() => {
      throw new DroverError('BAD_USAGE', `Run \`drover ${name}\` through scripts/drover.mjs, which knows where it is.`);
    });
}
