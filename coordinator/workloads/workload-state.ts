import { type ContainerReport, WorkloadState } from '../../proto/index.ts';
import type { WorkloadRecord } from './registry.ts';

/** What a node last said, as far as the state of its workloads depends on it. */
export interface NodeGlance {
  readonly state: 'ready' | 'cordoned' | 'down';
  readonly containers: readonly ContainerReport[];
}

/** How a workload is doing, from its record and what its node last said. Pure. */
export function workloadState(record: WorkloadRecord, node: NodeGlance | undefined): WorkloadState {
  if (record.migrationId !== undefined) return WorkloadState.MIGRATING;
  if (!node || node.state === 'down') return WorkloadState.LOST;
  const container = reportOf(record, node);
  if (!container) return WorkloadState.LOST;
  return container.state === 'running' ? WorkloadState.RUNNING : WorkloadState.STOPPED;
}

/** The report about the very container that the record means. */
export function reportOf(record: WorkloadRecord, node: NodeGlance | undefined): ContainerReport | undefined {
  return node?.containers.find(({ containerId }) => containerId !== '' && containerId === record.containerId);
}
