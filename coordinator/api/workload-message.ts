import { type ContainerReport, type Workload, WorkloadState } from '../../proto/index.ts';
import type { NodeView } from '../nodes/registry.ts';
import type { WorkloadRecord } from '../workloads/registry.ts';
import { reportOf, workloadState } from '../workloads/workload-state.ts';

/** A workload as the API shows it: its record, and what its node last said of it. */
export function workloadMessage(record: WorkloadRecord, node: NodeView | undefined): Workload {
  const { name, epoch, containerId, image } = record;
  const report = reportOf(record, node);
  const state = workloadState(record, node);
  return {
    ...{ name, node: record.node, state, epoch, containerId, image },
    memoryBytes: report?.memoryBytes ?? 0,
    ports: report?.ports ?? [],
    migratable: state === WorkloadState.RUNNING && report?.reasons.length === 0,
    reasons: report?.reasons ?? [],
  };
}

/** A container that Drover does not manage; its epoch is 0. */
export function unmanagedMessage(node: string, report: ContainerReport): Workload {
  const { name, containerId, image, memoryBytes, ports, reasons } = report;
  const state = report.state === 'running' ? WorkloadState.RUNNING : WorkloadState.STOPPED;
  return { ...{ name, node, state, containerId, image, memoryBytes, ports, reasons }, epoch: 0, migratable: false };
}
