import { untilAnswered } from '../tour/ballast.ts';
import { CommandFailed, type DroverCommand } from '../tour/drover-command.ts';
import { roundTrip } from '../tour/hop.ts';
import type { LabNodes } from '../tour/lab-nodes.ts';
import { tour } from '../tour/tour.ts';
import { startWorkload, type TouredWorkload } from '../tour/workload.ts';
import { type Row, rowOf } from './rows.ts';

export interface DemoOptions {
  readonly drover: DroverCommand;
  readonly lab: LabNodes;
  readonly workloads: readonly TouredWorkload[];
  readonly signal: AbortSignal;
  /** Hears what is going on, a line at a time. */
  readonly say: (line: string) => void;
}

/** Starts the workloads on the first node and moves each once around all nodes. Yields a row for each move. */
export async function* demo(options: DemoOptions): AsyncGenerator<Row> {
  const { drover, lab, workloads, signal, say } = options;
  const [home = ''] = lab.names;
  await Promise.all(workloads.map((workload) => startAfresh(workload, home, options)));
  say(`${workloads.map(({ name }) => name).join(', ')} run on ${home}`);
  const route = roundTrip(lab.names, lab.names.length);
  for (const workload of workloads) {
    say(`moving ${workload.name}: ${[home, ...route].join(' → ')}`);
    for await (const stop of tour({ drover, lab, workload, route, signal })) yield rowOf(stop);
  }
}

// An earlier `--keep` may have left one of this name.
async function startAfresh(workload: TouredWorkload, node: string, { drover, lab, signal }: DemoOptions) {
  await drover.json(['rm', workload.name]).catch((error: unknown) => {
    if (!(error instanceof CommandFailed && error.code === 'WORKLOAD_NOT_FOUND')) throw error;
  });
  await startWorkload(drover, workload, node);
  const url = workload.port === undefined ? undefined : lab.urls(workload.port)[0];
  if (url !== undefined) await untilAnswered(`${url}/`, signal);
}
