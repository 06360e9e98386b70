import type { Command } from 'commander';
import { DroverError } from '../../proto/index.ts';
import type { Cli } from './cli.ts';
import { type Admin, connectAdmin } from './client.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { readContext } from './context.ts';
import { createPrinter, type Printer } from './output/printer.ts';

/** What the body of a command gets. */
export interface Session {
  readonly admin: Admin;
  readonly printer: Printer;
}

const defaultDeadlineMs = 30_000;

/** Connects to the coordinator as the command's options say, runs the body, and closes the connection. */
export async function withAdmin<T>(
  cli: Cli,
  command: Command,
  body: (session: Session) => Promise<T>,
  deadlineMs = defaultDeadlineMs,
): Promise<T> {
  const options = command.optsWithGlobals<ConnectionOptions>();
  const admin = connectAdmin(readContext(cli, options), options.deadline ?? deadlineMs);
  try {
    return await body({ admin, printer: createPrinter(cli.stdout, options.output === 'json') });
  } finally {
    admin.close();
  }
}

/** The part of an answer that must be there. Throws BAD_MESSAGE when the coordinator left it out. */
export function present<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value;
  throw new DroverError('BAD_MESSAGE', `The coordinator's answer lacks the ${what}; it may run another version.`);
}
