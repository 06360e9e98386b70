import type { ExecutionContext } from 'ava';
import { labExec } from './lab.ts';
import { untilTrue } from './until-true.ts';

/** What would change if anybody touched a container, and what grows while nobody does. */
export interface Life {
  readonly containerId: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly restarts: number;
  readonly status: string;
  /** The number in the last line of its log; all images of the lab count there. */
  readonly counted: number;
}

const look = `docker inspect -f '{{.Id}} {{.State.Pid}} {{.State.StartedAt}} {{.RestartCount}} {{.State.Status}}' "$0" &&
  docker logs --tail 1 "$0"`;

/** How a container on a node is doing now. Rejects when there is none of that name. */
export async function lifeOf(node: string, name: string): Promise<Life> {
  const [facts = '', line = ''] = (await labExec(node, 'sh', '-c', look, name)).split('\n');
  const [containerId = '', pid, startedAt = '', restarts, status = ''] = facts.split(' ');
  const counted = Number(/\d+$/.exec(line.trim())?.[0] ?? 0);
  return { ...{ containerId, startedAt, status, counted }, pid: Number(pid), restarts: Number(restarts) };
}

/** Asserts that a container is the one it was, with the process it had, and that it counts on. */
export async function goesOnUntouched(
  t: ExecutionContext,
  { node, name }: { readonly node: string; readonly name: string },
  before: Life,
): Promise<void> {
  const { counted, ...identity } = before;
  const now = await untilTrue(async () => {
    const life = await lifeOf(node, name);
    return life.counted > counted || life.pid !== before.pid ? life : undefined;
  }, `${name} counts on from ${counted}`);
  const { counted: _counted, ...after } = now;
  t.deepEqual(after, identity);
}

/** Every number that a container has written to its log. */
export async function countOf(node: string, name: string): Promise<number[]> {
  const log = await labExec(node, 'docker', 'logs', name);
  return [...log.matchAll(/^\D*(\d+)\r?$/gm)].map(([, number]) => Number(number));
}
