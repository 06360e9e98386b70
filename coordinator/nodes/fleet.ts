import type { FleetNode } from '../policy/choose-target.ts';
import type { NodeRegistry, NodeView } from './registry.ts';

/** Moves on their way to a node, by node name. */
export type Inbound = ReadonlyMap<string, FleetNode['inbound']>;

/** The fleet as the policy sees it. */
export function fleetSnapshot(nodes: Pick<NodeRegistry, 'list'>, inbound: Inbound = new Map()): FleetNode[] {
  return nodes.list().map((node) => fleetNode(node, inbound.get(node.name)));
}

/** One node as the policy sees it. */
export function fleetNode(node: NodeView, inbound: FleetNode['inbound'] = { moves: 0, bytes: 0 }): FleetNode {
  return {
    name: node.name,
    state: node.state,
    pressure: node.pressure,
    ...(node.memory ? { memory: node.memory } : {}),
    arch: node.engine?.arch ?? '',
    cgroupVersion: node.engine?.cgroupVersion ?? '',
    shimReady: node.engine?.shimReady ?? false,
    // A container that is not running publishes nothing.
    ports: node.containers.filter(({ state }) => state === 'running').flatMap(({ ports }) => ports),
    inbound,
  };
}
