import { type AdminServiceServer, type ContainerReport, DroverError, type Workload } from '../../proto/index.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Agents } from '../nodes/agents.ts';
import type { Inbound } from '../nodes/fleet.ts';
import type { OutputStreams } from '../nodes/output-streams.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import { adopt, recordForAdoption } from '../workloads/adopt.ts';
import type { WorkloadRecord, WorkloadRegistry } from '../workloads/registry.ts';
import type { AdminCalls } from './admin-calls.ts';
import { removeWorkload } from './remove-workload.ts';
import { runWorkload } from './run-workload.ts';
import { streamLogs } from './stream-logs.ts';
import { unmanagedMessage, workloadMessage } from './workload-message.ts';

export interface WorkloadsApiOptions {
  readonly calls: AdminCalls;
  readonly nodes: NodeRegistry;
  readonly agents: Agents;
  readonly workloads: WorkloadRegistry;
  readonly outputs: OutputStreams;
  readonly events: Pick<EventLog, 'record'>;
  readonly timeouts: { readonly commandMs: number; readonly runMs: number };
  /** Moves on their way, so that a new workload does not take the room that a move was promised. */
  readonly inbound?: () => Inbound;
}

export type WorkloadsApi = Pick<
  AdminServiceServer,
  'listWorkloads' | 'getWorkload' | 'runWorkload' | 'adoptWorkload' | 'removeWorkload' | 'streamLogs'
>;

/** The calls about workloads. */
export function workloadsApi(options: WorkloadsApiOptions): WorkloadsApi {
  const { calls, nodes, agents, workloads, events, timeouts } = options;
  return {
    listWorkloads: calls.unary(async ({ node, all }) => {
      if (node !== '') nodes.require(node);
      const managed = workloads.list().filter((record) => node === '' || record.node === node);
      return { workloads: [...managed.map(message), ...(all ? unmanaged(node) : [])] };
    }),
    getWorkload: calls.unary(async ({ name }) => {
      const record = workloads.require(name);
      return { workload: message(record), inspectJson: await inspect(record) };
    }),
    runWorkload: calls.unary((request) => runWorkload(request, options)),
    adoptWorkload: calls.unary(async ({ node, container, dryRun }) => ({
      workload: await adoptByHand(node, container, dryRun),
    })),
    removeWorkload: calls.unary(async ({ name, dryRun }) => {
      const before = message(workloads.require(name));
      await removeWorkload(name, dryRun, options);
      return { workload: before };
    }),
    streamLogs: calls.serverStream((request, { signal }) => streamLogs(request, signal, options)),
  };

  function message(record: WorkloadRecord): Workload {
    return workloadMessage(record, nodes.get(record.node));
  }

  function unmanaged(only: string): Workload[] {
    const managed = new Set(workloads.list().map(({ containerId }) => containerId));
    const shown = nodes.list().filter(({ name, state }) => state !== 'down' && (only === '' || name === only));
    return shown.flatMap(({ name, containers }) =>
      containers
        .filter(({ workload, containerId }) => workload === '' && !managed.has(containerId))
        .map((report) => unmanagedMessage(name, report)),
    );
  }

  // What the engine says is an extra: a node that does not answer must not hide what the registry knows.
  async function inspect({ name, node }: WorkloadRecord): Promise<string> {
    if (!agents.isConnected(node)) return '';
    const body = { $case: 'inspectContainer', value: { workload: name } } as const;
    return agents.send(node, body, { timeoutMs: timeouts.commandMs }).then(
      ({ inspectJson }) => inspectJson,
      () => '',
    );
  }

  async function adoptByHand(node: string, container: string, dryRun: boolean): Promise<Workload> {
    const view = nodes.require(node);
    if (view.state === 'down') {
      throw new DroverError('NODE_DOWN', `${node} is down; wait until it is back.`, { details: { node } });
    }
    const found = view.containers.find((report) => isMeant(report, container));
    if (!found) throw containerNotFound(node, container);
    const planned = recordForAdoption(node, found, workloads);
    if (dryRun) return message(planned);
    const record = await adopt(planned, { ...options, timeoutMs: timeouts.commandMs });
    const text = `${record.name} on ${node} is now a workload.`;
    await events.record({ type: 'workload.adopted', node, workload: record.name, message: text });
    return message(record);
  }
}

// By name, or by id as Docker takes it: any beginning of at least 12 digits.
function isMeant({ name, containerId }: ContainerReport, wanted: string): boolean {
  return name === wanted || (wanted.length >= 12 && containerId.startsWith(wanted));
}

function containerNotFound(node: string, container: string): DroverError {
  const message = `${node} reports no container ${container}; "drover ps --all --node ${node}" lists what it has.`;
  return new DroverError('CONTAINER_NOT_FOUND', message, { details: { node, container } });
}
