import { isDeepStrictEqual } from 'node:util';
import type { ExecutionContext } from 'ava';
import { ask, drover, droverJson, placeOf, runWorkload } from './cluster.ts';
import { labExec } from './lab.ts';
import { countOf, goesOnUntouched, type Life, lifeOf } from './life.ts';
import { traces } from './traces.ts';
import { untilTrue } from './until-true.ts';

/** What the lab's HTTP function answers. */
export interface Answer {
  readonly n: number;
  readonly sum: string;
  readonly uptime_s: number;
}

/** A function with memory on edge-1 that somebody tries to move to edge-2, with a container on each that is nobody's business. */
export interface Resident {
  readonly name: string;
  readonly port: number;
  readonly bystander: string;
  remove(): Promise<void>;
}

const nodes = ['edge-1', 'edge-2'] as const;

/** Starts one with `mb` mebibytes of ballast, published on `port`. */
export async function aResident(mb: number, port: number): Promise<Resident> {
  const name = await runWorkload('edge-1', ['-e', `MB=${mb}`, '-p', `${port}:8080`], 'drover/fn-node');
  const bystander = `bystander-of-${name}`;
  await Promise.all(nodes.map((node) => labExec(node, 'docker', 'run', '-d', '--name', bystander, 'drover/counter')));
  await ask('edge-1', port);
  const remove = async () => {
    await drover('rm', name);
    await Promise.all(nodes.map((node) => labExec(node, 'docker', 'rm', '-f', bystander)));
  };
  return { name, port, bystander, remove };
}

/** How a resident, its bystanders and their nodes are. */
export interface Snapshot {
  readonly life: Life;
  readonly answer: Answer;
  readonly epoch: number;
  readonly bystanders: readonly Life[];
  readonly traces: readonly Awaited<ReturnType<typeof traces>>[];
}

export async function snapshotOf({ name, port, bystander }: Resident): Promise<Snapshot> {
  return {
    traces: await Promise.all(nodes.map(traces)),
    bystanders: await Promise.all(nodes.map((node) => lifeOf(node, bystander))),
    epoch: (await placeOf(name)).epoch,
    answer: await ask<Answer>('edge-1', port),
    life: await lifeOf('edge-1', name),
  };
}

/**
 * Asserts that a resident is the process that it was on edge-1, with its memory, after a pause that it did not notice;
 * that both nodes are as if nothing had been tried; and that the bystanders have not even paused.
 */
export async function stayedAsItWas(t: ExecutionContext, resident: Resident, before: Snapshot): Promise<void> {
  const { name, port, bystander } = resident;
  const answer = await ask<Answer>('edge-1', port);
  t.is(answer.n, before.answer.n + 1, 'no request was lost, or answered by another copy');
  t.true(answer.uptime_s > before.answer.uptime_s);
  t.is((await ask<Answer>('edge-1', port, '/sum')).sum, before.answer.sum);
  await goesOnUntouched(t, { node: 'edge-1', name }, before.life);
  const count = await countOf('edge-1', name);
  t.deepEqual(
    count,
    [...count.keys()].map((index) => index + 1),
    'it counted on without a gap',
  );
  for (const [index, node] of nodes.entries()) {
    const life = before.bystanders[index];
    if (life) await goesOnUntouched(t, { node, name: bystander }, life);
  }
  t.like(await untilRunning(name), { node: 'edge-1', state: 'running', epoch: before.epoch });
  await nothingIsLeft(t, before);
}

/** Asserts that nodes hold what they held. What a process leaves at its end may take a moment to go. */
async function nothingIsLeft(t: ExecutionContext, before: Snapshot): Promise<void> {
  let now = await Promise.all(nodes.map(traces));
  const isSame = async () => {
    if (isDeepStrictEqual(now, before.traces)) return true;
    now = await Promise.all(nodes.map(traces));
    return false;
  };
  await untilTrue(isSame, 'the nodes are as they were', 5_000).catch(() => undefined);
  t.deepEqual(now, [...before.traces]);
}

/** Where `drover ps` says that a workload runs, once it does. */
function untilRunning(name: string) {
  return untilTrue(async () => {
    const place = await placeOf(name);
    return place.state === 'running' ? place : undefined;
  }, `${name} runs again`);
}

/** Resolves when all nodes have a session. */
export async function untilConnected(): Promise<void> {
  await untilTrue(async () => {
    const { nodes: all } = await droverJson<{ nodes: { state: string }[] }>('nodes');
    return all.every(({ state }) => state !== 'down');
  }, 'all nodes are connected');
}
