import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addConnectionOptions } from '../connection-options.ts';
import { workloadJson, workloadsTable } from '../output/workload.ts';
import { showView } from '../watch-table.ts';
import { withAdmin } from '../with-admin.ts';
import { addExamples } from './examples.ts';

interface PsOptions {
  readonly node?: string;
  readonly all?: boolean;
  readonly watch?: true;
}

/** `drover ps`. */
export function addPs(program: Command, cli: Cli): void {
  const command = program
    .command('ps')
    .description('list the workloads and where they are')
    .option('--node <node>', 'only those on this node')
    .option('--all', 'also containers that Drover does not manage')
    .option('--watch', 'again each second')
    .action(({ node = '', all = false, watch }: PsOptions, self: Command) =>
      withAdmin(cli, self, ({ admin, printer }) =>
        showView(cli, printer, watch, async () => {
          const { workloads } = await admin.listWorkloads({ node, all });
          return { document: { workloads: workloads.map(workloadJson) }, text: () => workloadsTable(workloads) };
        }),
      ),
    );
  addExamples(addConnectionOptions(command), 'ps --node edge-1', 'ps --all --watch');
}
