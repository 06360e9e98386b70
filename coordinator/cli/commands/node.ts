import type { Command } from 'commander';
import { DroverError, type Node } from '../../../proto/index.ts';
import type { Cli } from '../cli.ts';
import type { Admin } from '../client.ts';
import { addConnectionOptions } from '../connection-options.ts';
import { nodeDetailsJson, nodeDetailsText, nodeJson } from '../output/node.ts';
import { present, withAdmin } from '../with-admin.ts';
import { addExamples } from './examples.ts';

interface ChangeOptions {
  readonly dryRun?: true;
}

/** `drover node show|cordon|uncordon|remove`. */
export function addNode(program: Command, cli: Cli): void {
  const group = program.command('node').description('look at or change one node');
  addShow(group, cli);
  addCordon(group, cli, true);
  addCordon(group, cli, false);
  addRemove(group, cli);
}

function addShow(group: Command, cli: Cli): void {
  const command = group
    .command('show')
    .description('everything that is known about a node')
    .argument('<node>')
    .action((name: string, _: unknown, self: Command) =>
      withAdmin(cli, self, async ({ admin, printer }) => {
        const node = await getNode(admin, name);
        printer.print({ node: nodeDetailsJson(node) }, () => nodeDetailsText(node));
      }),
    );
  addExamples(addConnectionOptions(command), 'node show edge-1');
}

function addCordon(group: Command, cli: Cli, cordoned: boolean): void {
  const name = cordoned ? 'cordon' : 'uncordon';
  const meaning = cordoned ? 'takes no workloads from now on' : 'takes workloads again';
  const command = group
    .command(name)
    .description(cordoned ? 'let a node take no more workloads' : 'let a node take workloads again')
    .argument('<node>')
    .option('--dry-run', 'only check that there is such a node')
    .action((node: string, { dryRun }: ChangeOptions, self: Command) =>
      withAdmin(cli, self, async ({ admin, printer }) => {
        const after = dryRun ? await getNode(admin, node) : await cordonNode(admin, node, cordoned);
        const text = dryRun ? `Would ${name} ${after.name}.` : `${after.name} ${meaning}.`;
        printer.print({ node: nodeJson(after) }, () => text);
      }),
    );
  addExamples(addConnectionOptions(command), `node ${name} edge-1`);
}

function addRemove(group: Command, cli: Cli): void {
  const command = group
    .command('remove')
    .description('forget a node and revoke its certificate; it must hold no workloads')
    .argument('<node>')
    .option('--dry-run', 'only check that it could be removed')
    .action((name: string, { dryRun }: ChangeOptions, self: Command) =>
      withAdmin(cli, self, async ({ admin, printer }) => {
        const node = await getNode(admin, name);
        refuseUnlessEmpty(node);
        if (!dryRun) await admin.removeNode(name);
        printer.print({ node: nodeJson(node) }, () => `${dryRun ? 'Would remove' : 'Removed'} ${name}.`);
      }),
    );
  addExamples(addConnectionOptions(command), 'node remove edge-1');
}

async function getNode(admin: Admin, name: string): Promise<Node> {
  return present((await admin.getNode(name)).node, 'node');
}

async function cordonNode(admin: Admin, name: string, cordoned: boolean): Promise<Node> {
  return present((await admin.cordonNode({ name, cordoned })).node, 'node');
}

// The coordinator refuses as well; said here too, so that a dry run tells the truth.
function refuseUnlessEmpty({ name, workloads }: Node): void {
  if (workloads === 0) return;
  const message = `${name} holds ${workloads} ${workloads === 1 ? 'workload' : 'workloads'}: move or remove them first.`;
  throw new DroverError('NODE_NOT_EMPTY', message, { details: { node: name, workloads: String(workloads) } });
}
