import { cpus, loadavg, release } from 'node:os';
import { untilAnswered } from '../tour/ballast.ts';
import { downtimeMs, roundTrip } from '../tour/hop.ts';
import { type TourOptions, type TourStop, tour } from '../tour/tour.ts';
import { nodeFunction, startWorkload, type TouredWorkload } from '../tour/workload.ts';
import { type AgentMemory, watchAgentMemory } from './agent-memory.ts';
import { agentReport, type Machine, type MigrateReport, workloadReport } from './migrate-report.ts';

type BenchOptions = Pick<TourOptions, 'drover' | 'lab' | 'signal'> & {
  readonly hops: number;
  readonly say: (line: string) => void;
};

/** Highest resident size of each agent, in bytes. */
type Peaks = ReadonlyMap<string, number>;

const idle = nodeFunction('fn-node', 8080, 0);
const big = nodeFunction('fn-node-256', 8081, 256);

/** Moves an idle function and one that holds 256 MB around the nodes, and measures moves and agents. */
export async function benchMigrate(options: BenchOptions): Promise<MigrateReport> {
  const { lab, hops } = options;
  const machine = thisMachine();
  const memory = await watchAgentMemory(lab);
  try {
    const idlePeaks = await settled(memory);
    const small = await measured(idle, options);
    await memory.take();
    const large = await measured(big, options);
    const agents = agentReport(idlePeaks, await memory.take());
    const workloads = [workloadReport(idle, small), workloadReport(big, large)];
    const ok = [...workloads, agents].every((part) => part.ok);
    return { bench: 'migrate', hops, machine, workloads, agents, ok };
  } finally {
    memory.stop();
  }
}

function thisMachine(): Machine {
  return { cpus: cpus().length, kernel: release(), node: process.version, load_before: loadavg()[0] ?? 0 };
}

// What an agent needed to start is soon given back.
async function settled(memory: AgentMemory): Promise<Peaks> {
  await memory.take();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  return memory.take();
}

async function measured(workload: TouredWorkload, options: BenchOptions): Promise<readonly TourStop[]> {
  const { drover, lab, signal, hops, say } = options;
  const [home = ''] = lab.names;
  await startWorkload(drover, workload, home);
  await untilAnswered(`${lab.urls(workload.port ?? 0)[0]}/`, signal);
  const stops: TourStop[] = [];
  for await (const stop of tour({ drover, lab, workload, route: roundTrip(lab.names, hops), signal })) {
    stops.push(stop);
    const { from, to } = stop.migration;
    say(`${workload.name} ${from} → ${to}: ${Math.round(downtimeMs(stop))} ms without an answer`);
  }
  await drover.json(['rm', workload.name]);
  return stops;
}
