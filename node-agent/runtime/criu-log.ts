import { readFile } from 'node:fs/promises';

// A log is a few hundred kilobytes; more than this would be no log of ours.
const mostBytes = 16 * 1024 * 1024;

/** What is worth knowing of one of CRIU's logs, after a failure. */
export interface CriuLog {
  /** Its first error without time and place, which is nearly always the cause of those that follow. */
  readonly cause: string | undefined;
  /** Its errors and its last 20 lines, for the details. */
  readonly excerpt: string;
}

// CRIU tries to raise its own limit and goes on when it may not.
const harmless = /Can't setup RLIMIT_NOFILE for self/;

/** Reads a log. One that does not exist has neither cause nor excerpt. */
export async function readCriuLog(path: string): Promise<CriuLog> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines = text.slice(-mostBytes).trim().split('\n');
  const errors = lines.filter((line) => line.includes('Error (') && !harmless.test(line));
  const excerpt = [...errors.slice(0, 10), '…', ...lines.slice(-20)].join('\n');
  return { cause: errors[0] && sentenceOf(errors[0]), excerpt };
}

function sentenceOf(error: string): string {
  return error.replace(/^.*?Error \([^)]*\): */, '').trim();
}
