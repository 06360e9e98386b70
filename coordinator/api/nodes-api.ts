import { type AdminServiceServer, DroverError } from '../../proto/index.ts';
import type { EventLog } from '../events/event-log.ts';
import type { AgentSessions } from '../nodes/agents.ts';
import type { NodeRegistry, NodeView } from '../nodes/registry.ts';
import type { WorkloadRegistry } from '../workloads/registry.ts';
import type { AdminCalls } from './admin-calls.ts';
import { nodeMessage } from './node-message.ts';

export interface NodesApiOptions {
  readonly calls: AdminCalls;
  readonly nodes: NodeRegistry;
  readonly workloads: Pick<WorkloadRegistry, 'list'>;
  readonly agents: Pick<AgentSessions, 'end'>;
  readonly events: Pick<EventLog, 'record'>;
  /** Makes certificates of a node worthless, durably. */
  readonly revoke: (node: string, fingerprint: string) => Promise<void>;
}

export type NodesApi = Pick<AdminServiceServer, 'listNodes' | 'getNode' | 'cordonNode' | 'removeNode'>;

/** The calls about nodes. */
export function nodesApi({ calls, nodes, workloads, agents, events, revoke }: NodesApiOptions): NodesApi {
  return {
    listNodes: calls.unary(async () => ({ nodes: nodes.list().map(message) })),
    getNode: calls.unary(async ({ name }) => ({ node: message(nodes.require(name)) })),
    cordonNode: calls.unary(async ({ name, cordoned }) => ({ node: await cordon(name, cordoned) })),
    removeNode: calls.unary(async ({ name }) => {
      await remove(nodes.require(name));
      return {};
    }),
  };

  async function cordon(name: string, cordoned: boolean) {
    const changed = nodes.require(name).cordoned !== cordoned;
    const view = await nodes.cordon(name, cordoned);
    const [type, text] = cordoned ? ['node.cordoned', 'takes no workloads'] : ['node.uncordoned', 'takes workloads'];
    if (changed) await events.record({ type, node: name, message: `${name} ${text} from now on.` });
    return message(view);
  }

  // Revoked first: a coordinator that stops in between leaves a node that cannot come back, not one that was only forgotten.
  async function remove({ name, fingerprint }: NodeView): Promise<void> {
    const held = holdings(name);
    if (held.length > 0) throw notEmpty(name, held);
    await revoke(name, fingerprint);
    agents.end(name, new DroverError('CERTIFICATE_REVOKED', `${name} was removed from the cluster.`));
    await nodes.remove(name);
    await events.record({
      type: 'node.removed',
      node: name,
      message: `${name} was removed; its certificate is revoked.`,
    });
  }

  function message(view: NodeView) {
    return nodeMessage(view, holdings(view.name).length);
  }

  function holdings(node: string): string[] {
    return workloads.list().flatMap((record) => (record.node === node ? [record.name] : []));
  }
}

function notEmpty(node: string, held: readonly string[]): DroverError {
  const message = `${node} still holds ${held.length === 1 ? 'a workload' : `${held.length} workloads`} (${held.slice(0, 5).join(', ')}); migrate or remove them first.`;
  return new DroverError('NODE_NOT_EMPTY', message, { details: { node, workloads: held.join(',') } });
}
