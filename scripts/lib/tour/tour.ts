import { type Probe, startProbe } from '../probe/probe.ts';
import { ballastProblem } from './ballast.ts';
import type { DroverCommand } from './drover-command.ts';
import { type Hop, hop } from './hop.ts';
import type { LabNodes } from './lab-nodes.ts';
import { lastLogged, logGoesOn } from './log-goes-on.ts';
import type { TouredWorkload } from './workload.ts';

export interface TourOptions {
  readonly drover: DroverCommand;
  readonly lab: LabNodes;
  readonly workload: TouredWorkload;
  /** The nodes to visit, in order. */
  readonly route: readonly string[];
  readonly signal: AbortSignal;
}

/** A stop of the tour: the move, and what is wrong with the state that arrived. */
export interface TourStop extends Hop {
  /** Empty when counter, uptime, ballast and log went on. */
  readonly problems: readonly string[];
}

/** Moves a workload along a route while a client asks it, and looks at its state after each move. */
export async function* tour(options: TourOptions): AsyncGenerator<TourStop> {
  const { drover, lab, workload, route, signal } = options;
  const probe = workload.port === undefined ? undefined : startProbe(taskFor(lab, workload, workload.port));
  try {
    let logged = await lastLogged(drover, workload);
    for (const to of route) {
      signal.throwIfAborted();
      const moved = await hop(drover, workload.name, to, probe);
      const [log, ballast] = await Promise.all([logGoesOn(drover, workload, logged), ballastAt(to, options, probe)]);
      logged = log.last;
      yield { ...moved, problems: present([...(moved.seen?.complaints ?? []), log.problem, ballast]) };
    }
  } finally {
    probe?.stop();
  }
}

function taskFor(lab: LabNodes, { mb }: TouredWorkload, port: number) {
  return { urls: lab.urls(port), ...(mb === undefined ? {} : { mb }) };
}

// Hashing keeps the function from answering anybody, which is no part of the move.
async function ballastAt(node: string, { lab, workload, signal }: TourOptions, probe: Probe | undefined) {
  const url = workload.port === undefined ? undefined : lab.urls(workload.port)[lab.names.indexOf(node)];
  if (!workload.hasSum || url === undefined) return undefined;
  const problem = await ballastProblem(url, signal);
  await probe?.take();
  return problem;
}

function present(sentences: readonly (string | undefined)[]): readonly string[] {
  return sentences.filter((sentence) => sentence !== undefined);
}
