import { type Node, NodeState } from '../../proto/index.ts';
import type { NodeView } from '../nodes/registry.ts';

const states = { ready: NodeState.READY, cordoned: NodeState.CORDONED, down: NodeState.DOWN } as const;

/** A node as the API shows it. */
export function nodeMessage(view: NodeView, workloads: number): Node {
  const { name, pressure, memory, engine, transferAddress, agentVersion, containers, cordoned } = view;
  return {
    ...{ name, pressure, memory, engine, transferAddress, agentVersion, containers, cordoned, workloads },
    state: states[view.state],
    // Never reported: as old as a number can say on every wire.
    ageMs: Number.isFinite(view.ageMs) ? Math.round(view.ageMs) : Number.MAX_SAFE_INTEGER,
    joinedAt: view.joinedAt,
    certificateExpiresAt: view.certificateExpiresAt,
  };
}
