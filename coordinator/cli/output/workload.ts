import { type Workload, WorkloadState } from '../../../proto/index.ts';
import { humanSize } from './human.ts';
import { portJson, portText } from './port.ts';
import { table } from './table.ts';

const stateWords = {
  [WorkloadState.UNSPECIFIED]: 'unknown',
  [WorkloadState.RUNNING]: 'running',
  [WorkloadState.SUSPENDED]: 'suspended',
  [WorkloadState.MIGRATING]: 'migrating',
  [WorkloadState.LOST]: 'lost',
  [WorkloadState.STOPPED]: 'stopped',
} as const satisfies Record<WorkloadState, string>;

/** A workload as `ps -o json` shows it. */
export function workloadJson(workload: Workload) {
  return {
    name: workload.name,
    node: workload.node,
    state: stateWords[workload.state],
    epoch: workload.epoch,
    container_id: workload.containerId,
    image: workload.image,
    memory_bytes: workload.memoryBytes,
    ports: workload.ports.map(portJson),
    migratable: workload.migratable,
    reasons: workload.reasons,
  };
}

/** The table of `drover ps`. */
export function workloadsTable(workloads: readonly Workload[]): string {
  if (workloads.length === 0) return 'No workloads. `drover run` starts one, `drover adopt` takes over a container.';
  return table(workloads, [
    { head: 'NAME', cell: ({ name }) => name },
    { head: 'NODE', cell: ({ node }) => node },
    { head: 'STATE', cell: ({ state }) => stateWords[state] },
    { head: 'MEMORY', cell: ({ memoryBytes }) => humanSize(memoryBytes), align: 'right' },
    { head: 'EPOCH', cell: ({ epoch }) => String(epoch), align: 'right' },
    { head: 'CONTAINER', cell: ({ containerId }) => containerId.slice(0, 12) },
    { head: 'IMAGE', cell: ({ image }) => image },
    { head: 'PORTS', cell: ({ ports }) => ports.map(portText).join(', ') },
    { head: 'MOVABLE', cell: movableWords },
  ]);
}

function movableWords({ migratable, reasons }: Workload): string {
  if (migratable) return 'yes';
  return reasons.length === 0 ? 'no' : `no: ${reasons.join(' ')}`;
}
