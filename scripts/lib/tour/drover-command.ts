import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** The `drover` program, as an operator's script would call it. */
export interface DroverCommand {
  /**
   * Runs a command with `-o json` and returns the document that it prints.
   *
   * @throws CommandFailed
   */
  json(args: readonly string[]): Promise<unknown>;
  /**
   * Runs a command and returns the lines that it wrote to stdout.
   *
   * @throws CommandFailed
   */
  lines(args: readonly string[]): Promise<readonly string[]>;
}

/** A `drover` command that did not exit with 0: its own error, and its exit status. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly command: string;
  readonly code: string;
  readonly status: number | null;

  constructor(args: readonly string[], status: number | null, stderr: string) {
    const { code, message } = errorIn(stderr);
    super(message);
    this.command = `drover ${args.join(' ')}`;
    this.code = code;
    this.status = status;
  }
}

// Compiled to dist/scripts/lib/tour.
const program = fileURLToPath(new URL('../../../../scripts/drover.mjs', import.meta.url));

/** The program of this project. Which coordinator it talks to follows from DROVER_CONTEXT. */
export function droverCommand({ signal }: { readonly signal: AbortSignal }): DroverCommand {
  return {
    json: async (args) => JSON.parse(await run(['--output', 'json', ...args], signal)),
    lines: async (args) => (await run(args, signal)).split('\n').filter((line) => line !== ''),
  };
}

async function run(args: readonly string[], signal: AbortSignal): Promise<string> {
  const child = start(args, signal);
  const [stdout, stderr, status] = await Promise.all([textOf(child.stdout), textOf(child.stderr), endOf(child)]);
  signal.throwIfAborted();
  if (status !== 0) throw new CommandFailed(args, status, stderr);
  return stdout;
}

// Of a group of its own, so that Ctrl-C in a terminal reaches it once, through the signal.
function start(args: readonly string[], signal: AbortSignal) {
  const child = spawn(process.execPath, [program, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  child.on('error', () => {}); // the abort; what follows from it is seen at the end
  return child;
}

function endOf(child: ReturnType<typeof start>): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('close', resolve));
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  return text;
}

const errorDocument = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

function errorIn(stderr: string): { code: string; message: string } {
  const last = stderr.trim().split('\n').at(-1) ?? '';
  try {
    return errorDocument.parse(JSON.parse(last)).error;
  } catch {
    const [, message, code] = /^error: (.*) \((\w+)\)$/.exec(last) ?? [];
    return { code: code ?? 'INTERNAL', message: message ?? (last || 'ended without a word') };
  }
}
