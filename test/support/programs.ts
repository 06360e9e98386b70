import { labCommand } from './cluster.ts';
import { terminateAgent, terminateCoordinator } from './lab-processes.ts';
import { untilConnected } from './resident.ts';

/** A program of the lab that is asked to end, and started again. */
export interface Program {
  readonly what: string;
  /** Resolves with the milliseconds that it took. */
  readonly end: () => Promise<number>;
  readonly start: () => Promise<unknown>;
}

export const coordinator: Program = {
  what: 'the coordinator',
  end: terminateCoordinator,
  start: async () => {
    await labCommand('start-coordinator');
    await untilConnected();
  },
};

export const source: Program = agentOf('edge-1', 'the agent of the source');
export const target: Program = agentOf('edge-2', 'the agent of the target');

function agentOf(node: string, what: string): Program {
  return { what, end: () => terminateAgent(node), start: () => labCommand('start-agent', node) };
}
