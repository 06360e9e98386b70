import test, { type ExecutionContext } from 'ava';
import { drover, droverError, droverJson, labCommand, placeOf, runWorkload } from '../support/cluster.ts';
import { labExec } from '../support/lab.ts';
import { goesOnUntouched, lifeOf } from '../support/life.ts';
import { type Refusal, refused } from '../support/refused.ts';
import { untilTrue } from '../support/until-true.ts';

// One workload for all: nothing in this file may do anything to it.
let name: string;

test.before(async () => {
  name = await runWorkload('edge-1', ['-p', '18200:80'], 'drover/counter');
});
test.after.always(async () => {
  await drover('rm', name);
});

const notFound = (code: string, says: RegExp): Refusal => ({ status: 6, code, says });
const not = (code: string, says: RegExp): Refusal => ({ status: 3, code, says });

/** A move is refused, its dry run as well, and the workload does not notice. */
async function stays(t: ExecutionContext, args: readonly string[], refusal: Refusal): Promise<void> {
  const before = await lifeOf('edge-1', name);
  await refused(t, ['migrate', ...args], refusal);
  const { status, code } = await droverError('migrate', ...args, '--dry-run');
  t.deepEqual({ status, code }, { status: refusal.status, code: refusal.code });
  await goesOnUntouched(t, { node: 'edge-1', name }, before);
}

test.serial('a workload that does not exist', (t) =>
  stays(t, ['nobody', '--to', 'edge-2'], notFound('WORKLOAD_NOT_FOUND', /No workload is called nobody; "drover ps"/)),
);

test.serial('a node that does not exist', (t) =>
  stays(t, [name, '--to', 'edge-99'], notFound('NODE_NOT_FOUND', /No node is called edge-99; "drover nodes"/)),
);

test.serial('the node that it is on', (t) =>
  stays(t, [name, '--to', 'edge-1'], not('SAME_NODE', /is on edge-1 already; choose another node/)),
);

test.serial('strategies that are not there yet', async (t) => {
  for (const strategy of ['precopy', 'postcopy', 'hybrid']) {
    await stays(t, [name, '--to', 'edge-2', '--strategy', strategy], not('STRATEGY_UNAVAILABLE', /use cold or auto/));
  }
});

test.serial('a cordoned node, until it is uncordoned', async (t) => {
  t.is((await drover('node', 'cordon', 'edge-2')).status, 0);
  t.teardown(() => drover('node', 'uncordon', 'edge-2'));
  await stays(t, [name, '--to', 'edge-2'], not('NODE_CORDONED', /drover node uncordon edge-2/));
  await drover('node', 'uncordon', 'edge-2');
  t.is((await drover('migrate', name, '--to', 'edge-2', '--dry-run')).status, 0);
});

test.serial('a node without room for it', async (t) => {
  const { memory_total_bytes } = await nodeOf('edge-2');
  // dd holds a block of that size in memory until somebody reads it, which nobody does.
  const block = `dd if=/dev/zero bs=${Math.floor(memory_total_bytes / 2 ** 20) - 24}M count=1 | sleep 999`;
  await onOther(t, 'ballast', 'drover/counter', 'sh', '-c', block);
  const isFull = async () => (await drover('migrate', name, '--to', 'edge-2', '--dry-run')).status !== 0;
  await untilTrue(isFull, 'edge-2 is full', 30_000);
  await stays(t, [name, '--to', 'edge-2'], not('TARGET_TOO_SMALL', /needs \d+ MiB of memory .* has \d+ MiB/));
});

test.serial('a node where somebody else has its port', async (t) => {
  const other = await onOther(t, 'port', '-p', '18200:80', 'drover/counter');
  await stays(
    t,
    [name, '--to', 'edge-2'],
    not('TARGET_INCOMPATIBLE', new RegExp(`Port 18200/tcp of this node is taken by the container ${other}`)),
  );
});

test.serial('a node where somebody else has its name', async (t) => {
  await labExec('edge-2', 'docker', 'run', '-d', '--name', name, 'drover/counter');
  t.teardown(() => labExec('edge-2', 'docker', 'rm', '-f', name));
  const before = await lifeOf('edge-2', name);
  await stays(t, [name, '--to', 'edge-2'], not('WORKLOAD_EXISTS', /is a container called .* rename or remove it/));
  await goesOnUntouched(t, { node: 'edge-2', name }, before);
});

test.serial('a node that is down, and a workload on one', async (t) => {
  const lost = await runWorkload('edge-3', [], 'drover/counter');
  const before = await lifeOf('edge-3', lost);
  await labCommand('fault', 'kill-agent', 'edge-3');
  t.teardown(async () => {
    await labCommand('start-agent', 'edge-3');
    await drover('rm', lost);
  });
  await untilTrue(async () => (await nodeOf('edge-3')).state === 'down', 'edge-3 is down');
  await stays(t, [name, '--to', 'edge-3'], not('NODE_DOWN', /edge-3 is down; start its agent/));
  await refused(t, ['migrate', lost, '--to', 'edge-2'], not('NODE_DOWN', /edge-3 is down; start its agent/));
  t.is((await placeOf(lost)).state, 'lost');
  await goesOnUntouched(t, { node: 'edge-3', name: lost }, before);
});

test.serial('after all of it the workload is where it was', async (t) => {
  t.like(await placeOf(name), { node: 'edge-1', state: 'running', epoch: 1 });
});

/** A plain container on edge-2 that Drover does not manage; it goes with the test. */
async function onOther(t: ExecutionContext, kind: string, ...args: string[]): Promise<string> {
  const other = `${kind}-of-${name}`;
  await labExec('edge-2', 'docker', 'run', '-d', '--name', other, ...args);
  t.teardown(() => labExec('edge-2', 'docker', 'rm', '-f', other));
  return other;
}

interface NodeJson {
  readonly name: string;
  readonly state: string;
  readonly memory_total_bytes: number;
}

async function nodeOf(wanted: string): Promise<NodeJson> {
  const { nodes } = await droverJson<{ nodes: NodeJson[] }>('nodes');
  const node = nodes.find((one) => one.name === wanted);
  if (node === undefined) throw new Error(`there is no node ${wanted}`);
  return node;
}
