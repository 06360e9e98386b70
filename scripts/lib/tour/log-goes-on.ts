import { setTimeout } from 'node:timers/promises';
import type { DroverCommand } from './drover-command.ts';
import type { TouredWorkload } from './workload.ts';

export interface LogCheck {
  /** The last number that was seen. */
  readonly last: number;
  /** What is wrong with the lines, if anything. */
  readonly problem?: string;
}

// All images write a line a second at least.
const patienceMs = 8_000;

/**
 * Reads the end of a workload's log until it has grown since the call began: all numbers in it must follow each other
 * one by one, and the last must be above `after`.
 */
export async function logGoesOn(drover: DroverCommand, workload: TouredWorkload, after: number): Promise<LogCheck> {
  const end = Date.now() + patienceMs;
  const first = await lastLogged(drover, workload);
  for (;;) {
    const numbers = await lastNumbers(drover, workload);
    const last = numbers.at(-1) ?? 0;
    if (last > first || Date.now() > end) {
      const problem = problemWith(numbers, Math.max(first, after));
      return problem === undefined ? { last } : { last, problem };
    }
    await setTimeout(100);
  }
}

/** The last number in a workload's log, 0 when there is none yet. */
export async function lastLogged(drover: DroverCommand, workload: TouredWorkload): Promise<number> {
  return (await lastNumbers(drover, workload)).at(-1) ?? 0;
}

async function lastNumbers(drover: DroverCommand, { name, logged }: TouredWorkload): Promise<readonly number[]> {
  const lines = await drover.lines(['logs', name, '--tail', '10']);
  return lines.flatMap((line) => logged.exec(line)?.[1] ?? []).map(Number);
}

/** What is wrong with the numbers in a log that should go on after a number, if anything. */
export function problemWith(numbers: readonly number[], after: number): string | undefined {
  const last = numbers.at(-1);
  if (last === undefined || last <= after) return `the log does not go on after ${after}`;
  const at = numbers.findIndex((number, index) => index > 0 && number !== (numbers[index - 1] ?? 0) + 1);
  return at < 0 ? undefined : `the log jumps from ${numbers[at - 1]} to ${numbers[at]}`;
}
