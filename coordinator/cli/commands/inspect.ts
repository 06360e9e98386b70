import type { Command } from 'commander';
import { DroverError } from '../../../proto/index.ts';
import type { Cli } from '../cli.ts';
import { addConnectionOptions } from '../connection-options.ts';
import { workloadJson } from '../output/workload.ts';
import { present, withAdmin } from '../with-admin.ts';
import { addExamples } from './examples.ts';

/** `drover inspect`: JSON for people too, indented. */
export function addInspect(program: Command, cli: Cli): void {
  const command = program
    .command('inspect')
    .description('a workload with the `docker inspect` of its container, as JSON')
    .argument('<workload>')
    .action((name: string, _: unknown, self: Command) =>
      withAdmin(cli, self, async ({ admin, printer }) => {
        const { workload, inspectJson } = await admin.getWorkload(name);
        const document = { workload: workloadJson(present(workload, 'workload')), container: parse(inspectJson) };
        printer.print(document, () => JSON.stringify(document, null, 2));
      }),
    );
  addExamples(addConnectionOptions(command), "inspect web | jq '.container.State'");
}

// Null when the workload's node is down, so that nobody can ask its engine.
function parse(inspectJson: string): unknown {
  if (inspectJson === '') return null;
  try {
    return JSON.parse(inspectJson);
  } catch (cause) {
    throw new DroverError('BAD_MESSAGE', 'The container description that the coordinator sent is not JSON.', { cause });
  }
}
