import type { ContainerInspectInfo, Engine } from '../docker/engine-port.ts';
import { gatherProcessFacts } from './process-facts.ts';
import { fixedAddressReasons, reasonsNotToMove } from './reasons-not-to-move.ts';

/** Looks at a container and its processes: one sentence for each thing that keeps it from being moved now. */
export async function movability(
  engine: Pick<Engine, 'execSessions'>,
  inspect: ContainerInspectInfo,
): Promise<readonly string[]> {
  const processes = await gatherProcessFacts({ id: inspect.Id, pid: inspect.State.Pid });
  const execSessions = await engine.execSessions(inspect);
  return [...reasonsNotToMove(inspect, { processes, execSessions }), ...fixedAddressReasons(processes)];
}
