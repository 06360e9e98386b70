import type { DroverCommand } from './drover-command.ts';
import type { TouredWorkload } from './workload.ts';

export interface LogCheck {
  /** The last number that was seen. */
  readonly last: number;
  /** What is wrong with the lines, if anything. */
  readonly problem?: string;
}

// Both images write a line a second at least.
const patienceMs = 8_000;

/**
 * Reads a workload's log until it goes on after what has been written so far: one number more than the log holds now,
 * each line the successor of the one before, all above `after`.
 */
export async function logGoesOn(drover: DroverCommand, workload: TouredWorkload, after: number): Promise<LogCheck> {
  const { name, logged } = workload;
  const enough = AbortSignal.timeout(patienceMs);
  const read = new AbortController();
  const numbers: number[] = [];
  const tail = ['logs', name, '--tail', '5', '--follow'];
  let startedAt = 0;
  for await (const line of drover.lines(tail, AbortSignal.any([enough, read.signal]))) {
    const number = Number(logged.exec(line)?.[1] ?? Number.NaN);
    if (Number.isNaN(number)) continue;
    numbers.push(number);
    startedAt ||= Date.now();
    // Lines that come at once were there before; one that comes later was written just now.
    if (numbers.length > 1 && Date.now() - startedAt > 100) break;
  }
  read.abort();
  return judged(numbers, after);
}

function judged(numbers: readonly number[], after: number): LogCheck {
  const last = numbers.at(-1) ?? 0;
  const problem = problemWith(numbers, after);
  return problem === undefined ? { last } : { last, problem };
}

/** What is wrong with the numbers in a log that should go on after a number, if anything. */
export function problemWith(numbers: readonly number[], after: number): string | undefined {
  const last = numbers.at(-1);
  if (last === undefined || last <= after) return `the log does not go on after ${after}`;
  const at = numbers.findIndex((number, index) => index > 0 && number !== (numbers[index - 1] ?? 0) + 1);
  return at < 0 ? undefined : `the log jumps from ${numbers[at - 1]} to ${numbers[at]}`;
}
