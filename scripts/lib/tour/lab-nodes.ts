import { join } from 'node:path';

/** The lab that a script was started in. */
export interface LabNodes {
  /** `edge-1`, `edge-2`, … */
  readonly names: readonly string[];
  /** Directory with the files of one node, as the machine sees them. */
  readonly directory: (node: string) => string;
  /** Where a port that a container publishes can be asked: one URL for each node, in the order of the names. */
  readonly urls: (port: number) => readonly string[];
}

/** Describes the lab that DROVER_LAB and DROVER_LAB_SUBNET name; see scripts/lab help for what is where. */
export function labNodes(count: number, env: NodeJS.ProcessEnv): LabNodes {
  const state = join(env.DROVER_LAB_STATE || '/var/lib/drover-lab', env.DROVER_LAB || 'lab');
  const subnet = env.DROVER_LAB_SUBNET || '10.88.0';
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  return {
    names: numbers.map((n) => `edge-${n}`),
    directory: (node) => join(state, node),
    urls: (port) => numbers.map((n) => `http://${subnet}.${10 + n}:${port}`),
  };
}
