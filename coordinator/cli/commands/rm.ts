import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addConnectionOptions } from '../connection-options.ts';
import { workloadJson } from '../output/workload.ts';
import { present, withAdmin } from '../with-admin.ts';
import { addExamples } from './examples.ts';

const deadlineMs = 120_000;

/** `drover rm`. */
export function addRm(program: Command, cli: Cli): void {
  const command = program
    .command('rm')
    .description('remove a workload together with its container')
    .argument('<workload>')
    .option('--dry-run', 'only check that it could be removed')
    .action((name: string, { dryRun = false }: { dryRun?: boolean }, self: Command) =>
      withAdmin(
        cli,
        self,
        async ({ admin, printer }) => {
          const workload = present((await admin.removeWorkload({ name, dryRun })).workload, 'workload');
          const verb = dryRun ? 'Would remove' : 'Removed';
          printer.print({ workload: workloadJson(workload) }, () => `${verb} ${workload.name} from ${workload.node}.`);
        },
        deadlineMs,
      ),
    );
  addExamples(addConnectionOptions(command), 'rm web');
}
