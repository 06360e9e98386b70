import type { Logger } from 'pino';
import { type ContainerReport, toDroverError, WorkloadState } from '../../proto/index.ts';
import type { Clock } from '../clock.ts';
import type { EventLog } from '../events/event-log.ts';
import type { NodeReport } from '../nodes/registry.ts';
import { type AdoptDependencies, adopt, recordForAdoption } from './adopt.ts';
import type { WorkloadRecord } from './registry.ts';
import { workloadState } from './workload-state.ts';

export interface ReconcileOptions extends AdoptDependencies {
  readonly events: Pick<EventLog, 'record'>;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Compares what nodes report with what the registry holds. */
export interface Reconciler {
  onReport(node: string, report: NodeReport): void;
}

// A container that could not be adopted is tried again after this long, in milliseconds.
const retryMs = 60_000;

// INVARIANT: a report only ever makes Drover adopt, or note, never start, stop or remove: reports may be late.
export function createReconciler(options: ReconcileOptions): Reconciler {
  const { workloads, events, log, clock } = options;
  const attempts = new Map<string, number>();
  const noted = new Set<string>();
  const states = new Map<string, WorkloadState>();

  return {
    onReport: (node, { containers }) => {
      for (const container of containers) {
        if (wantsAdoption(container)) tryAdoption(node, container);
        if (container.workload !== '') noteContradiction(node, container);
      }
      for (const record of workloads.list()) if (record.node === node) noteState(record, containers);
      forgetOld();
    },
  };

  function wantsAdoption({ workload, name, labels, state }: ContainerReport): boolean {
    return labels['drover.enable'] === 'true' && state === 'running' && !workloads.get(workload || name);
  }

  function tryAdoption(node: string, container: ContainerReport): void {
    const key = `${node}/${container.containerId}`;
    const last = attempts.get(key);
    if (last !== undefined && clock.monotonicMs() - last < retryMs) return;
    attempts.set(key, clock.monotonicMs());
    adoptNow(node, container).catch((error) => {
      const { code, message } = toDroverError(error);
      log.warn({ node, container: container.name, code }, `could not adopt a labelled container: ${message}`);
    });
  }

  async function adoptNow(node: string, container: ContainerReport): Promise<void> {
    const { name } = await adopt(recordForAdoption(node, container, workloads), options);
    const message = `${name} on ${node} is now a workload, because of its label drover.enable.`;
    await events.record({ type: 'workload.adopted', node, workload: name, message });
  }

  // During a migration both halves are reported, which is no contradiction.
  function noteContradiction(node: string, { workload, epoch, containerId }: ContainerReport): void {
    const record = workloads.get(workload);
    if (!record || record.migrationId !== undefined || record.containerId === '') return;
    if (record.node === node && record.containerId === containerId && record.epoch === epoch) return;
    const key = `${node}/${containerId}/${epoch}/${record.epoch}`;
    if (noted.has(key)) return;
    noted.add(key);
    const type = epoch < record.epoch ? 'workload.stale' : 'workload.conflict';
    const message = `${node} reports ${workload} with epoch ${epoch}, but it is on ${record.node} with epoch ${record.epoch}.`;
    const details = { epoch: String(epoch), current_epoch: String(record.epoch), container_id: containerId };
    void events.record({ type, node, workload, message, details });
  }

  // That a container stops while it is being removed is no news.
  function noteState(record: WorkloadRecord, containers: readonly ContainerReport[]): void {
    if (workloads.isHeld(record.name)) return;
    const state = workloadState(record, { state: 'ready', containers });
    const before = states.get(record.name);
    states.set(record.name, state);
    if (before === WorkloadState.RUNNING && state === WorkloadState.STOPPED) {
      const message = `${record.name} on ${record.node} has stopped.`;
      void events.record({ type: 'workload.stopped', node: record.node, workload: record.name, message });
    }
  }

  function forgetOld(): void {
    const now = clock.monotonicMs();
    for (const [key, at] of attempts) if (now - at >= retryMs) attempts.delete(key);
    for (const name of states.keys()) if (!workloads.get(name)) states.delete(name);
    for (const oldest of noted) {
      if (noted.size <= 1024) break;
      noted.delete(oldest);
    }
  }
}
