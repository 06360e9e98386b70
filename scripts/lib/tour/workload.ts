import type { DroverCommand } from './drover-command.ts';

/** A workload that a tour starts and moves around. */
export interface TouredWorkload {
  readonly name: string;
  readonly image: string;
  /** Port on the node; without one it answers nobody. */
  readonly port?: number;
  /** Mebibytes of ballast (images with MB only). */
  readonly mb?: number;
  /** More flags of `docker run`. */
  readonly flags?: readonly string[];
  /** Finds the number in a line of its log; the numbers grow by one from line to line. */
  readonly logged: RegExp;
  /** Whether GET /sum hashes the ballast as it is in memory now. */
  readonly hasSum: boolean;
}

/** An HTTP function in Node.js, with so many mebibytes of incompressible memory. */
export function nodeFunction(name: string, port: number, mb: number): TouredWorkload {
  return { name, image: 'drover/fn-node', port, mb, logged: /^tick (\d+)$/, hasSum: true };
}

/** Starts a workload on a node, in the place of one of the same name. */
export async function startWorkload(drover: DroverCommand, workload: TouredWorkload, node: string): Promise<void> {
  const { name, image, port, mb, flags = [] } = workload;
  const publish = port === undefined ? [] : ['--publish', `${port}:8080`];
  const ballast = mb === undefined ? [] : ['--env', `MB=${mb}`];
  await drover.json(['run', '--node', node, '--name', name, ...publish, ...ballast, ...flags, image]);
}
