import { DroverError, type RunWorkloadRequest, type RunWorkloadResponse } from '../../proto/index.ts';
import { fleetNode, fleetSnapshot, type Inbound } from '../nodes/fleet.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import { chooseTarget, type Need, whyNot } from '../policy/choose-target.ts';
import type { WorkloadRecord } from '../workloads/registry.ts';
import { settleRecord } from '../workloads/settle-record.ts';
import { parseCreateBody } from './create-body.ts';
import { madeUpName } from './made-up-name.ts';
import { workloadMessage } from './workload-message.ts';
import type { WorkloadsApiOptions } from './workloads-api.ts';

/** Places a new workload and makes its container. A dry run stops before the first effect. */
export async function runWorkload(
  request: RunWorkloadRequest,
  options: WorkloadsApiOptions,
): Promise<RunWorkloadResponse> {
  const { nodes, workloads, events } = options;
  const body = parseCreateBody(request.createJson);
  const name = request.name || body.name || madeUpName((word) => workloads.get(word) !== undefined);
  checkName(name, options);
  const { node, reason } = place({ ...body, workload: name }, request.node, nodes, options.inbound?.());
  const planned: WorkloadRecord = { name, node, containerId: '', epoch: workloads.firstEpoch(name), image: body.image };
  if (request.dryRun) return { workload: workloadMessage(planned, nodes.get(node)), reason };
  const record = await make(planned, request.createJson, options);
  await events.record({ type: 'workload.started', node, workload: name, message: `${name} was started on ${node}.` });
  return { workload: workloadMessage(record, nodes.get(node)), reason };
}

async function make(
  planned: WorkloadRecord,
  createJson: string,
  { nodes, workloads, agents, timeouts }: WorkloadsApiOptions,
): Promise<WorkloadRecord> {
  const { name: workload, node, epoch } = planned;
  await workloads.create(planned);
  return settleRecord(planned, workloads, {
    effect: async () => {
      const value = { workload, epoch, createJson };
      const done = await agents.send(node, { $case: 'runContainer', value }, { timeoutMs: timeouts.runMs });
      if (done.container) nodes.noteContainer(node, done.container);
      return done.container ?? { containerId: done.containerId, image: planned.image };
    },
    undo: () =>
      agents.send(node, { $case: 'removeContainer', value: { workload, epoch } }, { timeoutMs: timeouts.commandMs }),
  });
}

function place(
  need: Need,
  wanted: string,
  nodes: NodeRegistry,
  inbound: Inbound | undefined,
): { readonly node: string; readonly reason: string } {
  if (wanted !== '') return { node: accepting(need, wanted, nodes), reason: 'It was asked for.' };
  const { chosen, reason, rejected } = chooseTarget(fleetSnapshot(nodes, inbound), need);
  if (chosen !== undefined) return { node: chosen, reason };
  const details = Object.fromEntries(rejected.map(({ node, why }) => [node, why]));
  throw new DroverError('NO_TARGET', reason, { details });
}

// A person who names a node knows about its memory; what cannot work there is refused all the same.
function accepting(need: Need, name: string, nodes: NodeRegistry): string {
  const view = nodes.require(name);
  const details = { node: name };
  if (view.state === 'down') throw new DroverError('NODE_DOWN', `${name} is down; choose another node.`, { details });
  if (view.cordoned) {
    const message = `${name} is cordoned; choose another node or run "drover node uncordon ${name}".`;
    throw new DroverError('NODE_CORDONED', message, { details });
  }
  const roomy = { totalBytes: Number.MAX_SAFE_INTEGER, availableBytes: Number.MAX_SAFE_INTEGER };
  const plenty = { ...roomy, diskFreeBytes: Number.MAX_SAFE_INTEGER, swapTotalBytes: 0, swapFreeBytes: 0 };
  const why = whyNot({ ...fleetNode(view), pressure: 'ok', memory: plenty }, need);
  if (why) throw new DroverError('TARGET_INCOMPATIBLE', `${name} cannot take it: ${why}.`, { details });
  return name;
}

// Container names are workload names, so Docker's rule holds.
function checkName(name: string, { workloads }: WorkloadsApiOptions): void {
  const holder = workloads.get(name);
  if (holder) {
    const message = `A workload called ${name} exists already, on ${holder.node}; choose another name.`;
    throw new DroverError('WORKLOAD_EXISTS', message, { details: { workload: name, node: holder.node } });
  }
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/.test(name)) return;
  const message = 'A name has 2 to 128 letters, digits, "_", "." and "-" and begins with a letter or digit.';
  throw new DroverError('INVALID_ARGUMENT', message, { details: { workload: name } });
}
