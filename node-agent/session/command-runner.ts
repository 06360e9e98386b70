import type { Logger } from 'pino';
import { type Command, type CommandDone, type CommandResult, DroverError, toFailure } from '../../proto/index.ts';

/** Does what a command says. The signal aborts at the command's deadline and when the agent stops. */
export type Execute = (command: Command, signal: AbortSignal) => Promise<CommandDone>;

export interface CommandRunner {
  /** The result of a command; of one that was seen before, the same result without doing it again. Never rejects. */
  run(command: Command): Promise<CommandResult>;
}

// For commands that name no deadline, in milliseconds.
const defaultDeadlineMs = 60_000;

// INVARIANT: one command id is executed at most once as long as it is remembered, also while it is still being executed.
export function createCommandRunner(options: {
  readonly execute: Execute;
  readonly log: Logger;
  /** Aborted when the agent stops. */
  readonly stop: AbortSignal;
  /** How many finished results are remembered. Defaults to 512. */
  readonly capacity?: number;
}): CommandRunner {
  const { execute, log, stop, capacity = 512 } = options;
  const results = new Map<string, Promise<CommandResult>>();
  const finished = new Set<string>();

  return {
    run(command) {
      const known = results.get(command.id);
      if (known !== undefined) return known;
      const result = runOnce(command);
      results.set(command.id, result);
      void result.then(() => remember(command.id));
      return result;
    },
  };

  async function runOnce(command: Command): Promise<CommandResult> {
    try {
      if (!command.body) throw unknownCommand();
      const done = await withDeadline(command, stop, (signal) => execute(command, signal));
      return { commandId: command.id, outcome: { $case: 'done', value: done } };
    } catch (error) {
      log.warn({ err: error, command: command.body?.$case, commandId: command.id }, 'a command failed');
      return { commandId: command.id, outcome: { $case: 'failure', value: toFailure(error) } };
    }
  }

  function remember(id: string): void {
    finished.add(id);
    for (const oldest of finished) {
      if (finished.size <= capacity) break;
      finished.delete(oldest);
      results.delete(oldest);
    }
  }
}

// The work is awaited even past its deadline: the result must say what happened, not what was hoped.
async function withDeadline<T>(
  { deadlineMs }: Command,
  stop: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const limit = deadlineMs || defaultDeadlineMs;
  const timer = setTimeout(() => late.abort(new DroverError('TIMEOUT', `It took longer than ${limit} ms.`)), limit);
  try {
    return await work(AbortSignal.any([late.signal, stop]));
  } finally {
    clearTimeout(timer);
  }
}

function unknownCommand(): DroverError {
  return new DroverError('NOT_SUPPORTED', 'This agent does not know that command; update it.');
}
