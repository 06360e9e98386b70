import { type ContainerReport, DroverError } from '../../proto/index.ts';
import type { Agents } from '../nodes/agents.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import type { WorkloadRecord, WorkloadRegistry } from './registry.ts';
import { settleRecord } from './settle-record.ts';

export interface AdoptDependencies {
  readonly nodes: Pick<NodeRegistry, 'noteContainer'>;
  readonly agents: Pick<Agents, 'send'>;
  readonly workloads: WorkloadRegistry;
  readonly timeoutMs: number;
}

/** What the registry will hold for a container that is taken over. Throws INVALID_ARGUMENT, WORKLOAD_EXISTS. */
export function recordForAdoption(
  node: string,
  container: ContainerReport,
  workloads: Pick<WorkloadRegistry, 'get' | 'firstEpoch'>,
): WorkloadRecord {
  const name = container.workload || container.name;
  if (name === '') throw new DroverError('INVALID_ARGUMENT', 'The container has no name; give it one to adopt it.');
  const holder = workloads.get(name);
  if (holder) {
    const message = `${name} is a workload already, on ${holder.node}; rename the container to adopt it too.`;
    throw new DroverError('WORKLOAD_EXISTS', message, { details: { workload: name, node: holder.node } });
  }
  // A ledger that knows the workload refuses a lower epoch than its own.
  const epoch = Math.max(workloads.firstEpoch(name), container.epoch);
  return { name, node, containerId: container.containerId, epoch, image: container.image };
}

/** Makes a running container a workload: first in the registry, then on its node. */
export async function adopt(record: WorkloadRecord, dependencies: AdoptDependencies): Promise<WorkloadRecord> {
  const { nodes, agents, workloads, timeoutMs } = dependencies;
  await workloads.create(record);
  return settleRecord(record, workloads, {
    effect: async () => {
      const value = { container: record.containerId, epoch: record.epoch };
      const done = await agents.send(record.node, { $case: 'adoptContainer', value }, { timeoutMs });
      if (done.container) nodes.noteContainer(record.node, done.container);
      return done.container ?? { containerId: done.containerId || record.containerId, image: record.image };
    },
    // Adopting changes nothing but the agent's ledger, and a repetition of it is harmless.
    undo: async () => undefined,
  });
}
