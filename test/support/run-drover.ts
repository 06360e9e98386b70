import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

/** What a run of the program left behind. */
export interface DroverRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly env?: Record<string, string>;
  /** Another copy of the program. */
  readonly program?: string;
  /** Hears of everything written to stdout so far, and may send signals. */
  readonly onOutput?: (stdout: string, child: ChildProcess) => void;
}

const ownProgram = resolve('scripts/drover.mjs');

/** Runs the real program with nothing of the caller's Drover settings, and waits for its end. */
export async function runDrover(args: readonly string[], options: RunOptions = {}): Promise<DroverRun> {
  const { DROVER_CONTEXT: _context, DROVER_DEBUG: _debug, ...inherited } = process.env;
  const env = { ...inherited, ...options.env };
  const program = options.program ?? ownProgram;
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    options.onOutput?.(stdout, child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}
