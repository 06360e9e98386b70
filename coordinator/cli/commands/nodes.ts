import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addConnectionOptions } from '../connection-options.ts';
import { nodeJson, nodesTable } from '../output/node.ts';
import { showView } from '../watch-table.ts';
import { withAdmin } from '../with-admin.ts';
import { addExamples } from './examples.ts';

/** `drover nodes`. */
export function addNodes(program: Command, cli: Cli): void {
  const command = program
    .command('nodes')
    .description('list the nodes and their memory')
    .option('--watch', 'again each second')
    .action((options: { watch?: true }, self: Command) =>
      withAdmin(cli, self, ({ admin, printer }) =>
        showView(cli, printer, options.watch, async () => {
          const { nodes } = await admin.listNodes();
          return { document: { nodes: nodes.map(nodeJson) }, text: () => nodesTable(nodes) };
        }),
      ),
    );
  addExamples(addConnectionOptions(command), 'nodes --watch', "nodes -o json | jq '.nodes[].name'");
}
