import { type Command, CommanderError } from 'commander';
import { DroverError, exitStatus } from '../../proto/index.ts';
import type { Cli } from './cli.ts';
import { createProgram } from './program.ts';
import { reportError } from './report-error.ts';

// Ways in which commander ends a command that has done what was asked for.
const wellEnded = new Set(['commander.helpDisplayed', 'commander.version']);

/**
 * Runs one command line.
 *
 * @param args what follows `drover`
 * @returns the exit status; every error has been reported by then
 */
export async function runCli(cli: Cli, args: readonly string[]): Promise<number> {
  const program = createProgram(cli);
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
    return exitStatus.done;
  } catch (error) {
    if (error instanceof CommanderError && wellEnded.has(error.code)) return exitStatus.done;
    return reportError(error instanceof CommanderError ? badUsage(error) : error, {
      stderr: cli.stderr,
      json: wantsJson(program, args),
      debug: cli.env.DROVER_DEBUG === '1',
    });
  }
}

function badUsage(error: CommanderError): DroverError {
  if (error.code === 'commander.help') {
    return new DroverError('BAD_USAGE', 'This command needs a subcommand; add --help to see which there are.');
  }
  const text = error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return new DroverError('BAD_USAGE', /[.?!)]$/.test(sentence) ? sentence : `${sentence}.`);
}

// A usage error may come before -o was parsed, so the words count too; not for `run`, whose words may be the container's.
function wantsJson(program: Command, args: readonly string[]): boolean {
  if (everyCommand(program).some((command) => command.opts().output === 'json')) return true;
  const words = args.join(' ');
  return !args.includes('run') && /(^| )(-o ?|--output[ =])json( |$)/.test(words);
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}
