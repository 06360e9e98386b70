import { StringDecoder } from 'node:string_decoder';
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addConnectionOptions } from '../connection-options.ts';
import { untilInterrupted } from '../interruption.ts';
import { createPrinter } from '../output/printer.ts';
import { parseWhole } from '../parse-whole.ts';
import { type Session, withAdmin } from '../with-admin.ts';
import { addExamples } from './examples.ts';

interface LogsOptions {
  readonly follow?: boolean;
  readonly tail?: number;
}

/** `drover logs`: the container's bytes as they are, its stderr on stderr. */
export function addLogs(program: Command, cli: Cli): void {
  const command = program
    .command('logs')
    .description('what a workload wrote')
    .argument('<workload>')
    .option('-f, --follow', 'go on with what it writes from now on')
    .option('--tail <n>', 'only so many lines from the end', parseWhole)
    .action((workload: string, options: LogsOptions, self: Command) =>
      withAdmin(cli, self, (session) => logs(cli, session, workload, options)),
    );
  addExamples(addConnectionOptions(command), 'logs web --tail 20', 'logs web -f');
}

async function logs(cli: Cli, { admin, printer }: Session, workload: string, options: LogsOptions): Promise<void> {
  const request = { workload, follow: options.follow ?? false, tail: options.tail };
  const write = printer.json ? jsonLines(printer.write) : bytes(printer.write, createPrinter(cli.stderr, false).write);
  await untilInterrupted(cli, async (signal) => {
    try {
      for await (const { stream, data } of admin.streamLogs(request, signal)) await write(stream, data);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  });
}

type Write = (data: string | Uint8Array) => Promise<void>;

function bytes(stdout: Write, stderr: Write) {
  return (stream: string, data: Uint8Array) => (stream === 'stderr' ? stderr : stdout)(data);
}

// A character may be cut between two messages, so each stream has a decoder that keeps the rest.
function jsonLines(stdout: Write) {
  const decoders: Record<string, StringDecoder> = { stdout: new StringDecoder(), stderr: new StringDecoder() };
  return async (stream: string, data: Uint8Array) => {
    const text = (decoders[stream] ?? new StringDecoder()).write(Buffer.from(data));
    if (text !== '') await stdout(`${JSON.stringify({ stream, text })}\n`);
  };
}
