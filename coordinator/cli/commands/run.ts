import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addConnectionOptions } from '../connection-options.ts';
import { workloadJson } from '../output/workload.ts';
import { createBody } from '../run/create-body.ts';
import { addRunFlags, type RunFlags } from '../run/run-flags.ts';
import { present, type Session, withAdmin } from '../with-admin.ts';
import { addExamples } from './examples.ts';

interface RunOptions extends RunFlags {
  readonly node?: string;
  readonly dryRun?: boolean;
}

// The node may have to pull the image first.
const deadlineMs = 600_000;

/** `drover run`. */
export function addRun(program: Command, cli: Cli): void {
  const command = program
    .command('run')
    .description('start a workload; takes the flags of `docker run`')
    .argument('<image>')
    .argument('[command...]', 'everything after the image belongs to the container')
    .option('--node <node>', 'node to run on; without it the policy chooses')
    .option('--dry-run', 'choose a node and check, but start nothing')
    .action((image: string, words: readonly string[], options: RunOptions, self: Command) => {
      const body = createBody(options, image, words, cli);
      return withAdmin(cli, self, (session) => run(session, body, options), deadlineMs);
    });
  addExamples(
    addConnectionOptions(addRunFlags(command)),
    'run --name web -p 8080:80 -m 256m nginx',
    'run --node edge-1 --dry-run alpine sleep 1d',
  );
}

async function run(
  { admin, printer }: Session,
  body: object,
  { name = '', node = '', dryRun = false }: RunOptions,
): Promise<void> {
  const answer = await admin.runWorkload({ name, node, createJson: JSON.stringify(body), dryRun });
  const workload = present(answer.workload, 'workload');
  printer.print({ workload: workloadJson(workload), reason: answer.reason }, () => {
    const where = `${workload.name} ${dryRun ? 'would run' : 'runs'} on ${workload.node}`;
    return answer.reason ? `${where}: ${answer.reason}` : `${where}.`;
  });
}
