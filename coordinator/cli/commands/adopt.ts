import type { Command } from 'commander';
import { type AdoptWorkloadRequest, DroverError } from '../../../proto/index.ts';
import type { Cli } from '../cli.ts';
import { addConnectionOptions } from '../connection-options.ts';
import { workloadJson } from '../output/workload.ts';
import { present, type Session, withAdmin } from '../with-admin.ts';
import { addExamples } from './examples.ts';

const deadlineMs = 120_000;

/** `drover adopt`. */
export function addAdopt(program: Command, cli: Cli): void {
  const command = program
    .command('adopt')
    .description('make a workload of a container that runs already; it is not touched')
    .argument('<node/container>', 'for example edge-1/web')
    .option('--dry-run', 'only check that it could be adopted')
    .action((which: string, { dryRun = false }: { dryRun?: boolean }, self: Command) => {
      const request = { ...nodeAndContainer(which), dryRun };
      return withAdmin(cli, self, (session) => adopt(session, request), deadlineMs);
    });
  addExamples(addConnectionOptions(command), 'adopt edge-1/web');
}

async function adopt({ admin, printer }: Session, request: AdoptWorkloadRequest): Promise<void> {
  const workload = present((await admin.adoptWorkload(request)).workload, 'workload');
  const verb = request.dryRun ? 'Would adopt' : 'Adopted';
  printer.print({ workload: workloadJson(workload) }, () => `${verb} ${workload.name} on ${workload.node}.`);
}

function nodeAndContainer(text: string): { node: string; container: string } {
  const [, node, container] = /^([^/]+)\/(.+)$/.exec(text) ?? [];
  if (node !== undefined && container !== undefined) return { node, container };
  throw new DroverError('BAD_USAGE', `"${text}" names no container: write NODE/CONTAINER, for example edge-1/web.`);
}
