import { CommanderError } from 'commander';
import { DroverError, exitStatus, toDroverError } from '../../proto/index.ts';
import type { Cli } from './cli.ts';
import { createProgram } from './program.ts';

const wellEnded = new Set(['commander.helpDisplayed', 'commander.version']);

/** Runs one command line (what follows `drover`) and returns its exit status; every error has been reported by then. */
export async function runCli(cli: Omit<Cli, 'exit'>, args: readonly string[]): Promise<number> {
  let status: number = exitStatus.done;
  const exit = (news: number) => {
    status = news;
  };
  try {
    await createProgram({ ...cli, exit }).parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError && wellEnded.has(error.code)) return exitStatus.done;
    return report(error instanceof CommanderError ? badUsage(error) : toDroverError(error), cli.stderr, args);
  }
}

function report(error: DroverError, stderr: Cli['stderr'], args: readonly string[]): number {
  const { code, message, details } = error;
  const json = /(^| )(-o ?|--output[ =])json( |$)/.test(args.join(' '));
  stderr.write(`${json ? JSON.stringify({ error: { code, message, details } }) : `error: ${message} (${code})`}\n`);
  return error.exit;
}

function badUsage(error: CommanderError): DroverError {
  const text = error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return new DroverError('BAD_USAGE', /[.?!)]$/.test(sentence) ? sentence : `${sentence}.`);
}
