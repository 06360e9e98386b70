import { DroverError, type ErrorDetails } from '../../proto/index.ts';
import type { OutStream } from './cli.ts';
import { plain } from './output/human.ts';

interface ReportOptions {
  readonly stderr: OutStream;
  readonly json: boolean;
  /** Adds the stack (DROVER_DEBUG=1). */
  readonly debug: boolean;
}

/** Writes an error in the form that cli.md promises and returns the exit status that belongs to it. */
export function reportError(thrown: unknown, options: ReportOptions): number {
  const error = asDroverError(thrown);
  options.stderr.write(`${options.json ? jsonForm(error) : humanForm(error)}\n`);
  if (options.debug) options.stderr.write(`${stackOf(error)}\n`);
  return error.exit;
}

function humanForm(error: DroverError): string {
  return `error: ${plain(error.message)} (${error.code})`;
}

function jsonForm(error: DroverError): string {
  const { code, message, details } = error satisfies { details: ErrorDetails };
  return JSON.stringify({ error: { code, message, details } });
}

function asDroverError(thrown: unknown): DroverError {
  if (thrown instanceof DroverError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new DroverError('INTERNAL', `This should not have happened: ${text}; DROVER_DEBUG=1 shows where it did.`, {
    cause: thrown,
  });
}

function stackOf(error: DroverError): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.stack}` : '';
  return `${error.stack}${cause}`;
}
