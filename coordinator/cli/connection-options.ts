import { type Command, Option } from 'commander';
import { parseDuration } from './durations.ts';

/** Options that say how to reach the coordinator and in which form to answer. */
export interface ConnectionOptions {
  readonly output?: 'table' | 'json';
  readonly context?: string;
  readonly coordinator?: string;
  /** Milliseconds. */
  readonly deadline?: number;
}

/** Adds them to a command. The program has them as well, so they may stand before or after the command's name. */
export function addConnectionOptions(command: Command): Command {
  return addOutputOption(command)
    .option('--coordinator <host:port>', 'coordinator to talk to, instead of the one that the context names')
    .option(
      '--context <file>',
      'admin context (default: DROVER_CONTEXT, else the one of a coordinator on this machine)',
    )
    .option('--deadline <duration>', 'how long to wait for one answer of the coordinator', parseDuration);
}

/** Adds only the choice of output form. */
export function addOutputOption(command: Command): Command {
  return command.addOption(new Option('-o, --output <form>', 'form of the output').choices(['table', 'json']));
}
