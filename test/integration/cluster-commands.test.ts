import test, { type ExecutionContext } from 'ava';
import { drover, droverJson, labCommand, runWorkload } from '../support/cluster.ts';
import { runGuestAgent } from '../support/guest-agent.ts';
import { labDrover } from '../support/lab-drover.ts';
import { goesOnUntouched, lifeOf } from '../support/life.ts';
import { refused } from '../support/refused.ts';
import { untilConnected } from '../support/resident.ts';

interface EventJson {
  readonly type: string;
  readonly workload: string | null;
  readonly node: string | null;
}

test.serial('a cordoned node is shown as such, takes no new workload, and takes them again', async (t) => {
  t.teardown(() => drover('node', 'uncordon', 'edge-3'));
  t.is((await drover('node', 'cordon', 'edge-3', '--dry-run')).stdout, 'Would cordon edge-3.\n');
  t.like(await nodeOf('edge-3'), { state: 'ready' });
  t.is((await drover('node', 'cordon', 'edge-3')).stdout, 'edge-3 takes no workloads from now on.\n');
  t.like(await nodeOf('edge-3'), { state: 'cordoned' });
  await refused(t, ['run', '--node', 'edge-3', 'drover/counter'], {
    ...{ status: 3, code: 'NODE_CORDONED', says: /edge-3 is cordoned.*drover node uncordon edge-3/ },
  });
  const chosen = await droverJson<{ workload: { node: string } }>('run', '--dry-run', 'drover/counter');
  t.not(chosen.workload.node, 'edge-3');
  t.is((await drover('node', 'uncordon', 'edge-3')).stdout, 'edge-3 takes workloads again.\n');
  t.like(await nodeOf('edge-3'), { state: 'ready' });
});

test.serial('a node that holds a workload is not removed, and goes on', async (t) => {
  const name = await aCounter(t, 'edge-3');
  const before = await lifeOf('edge-3', name);
  const refusal = { status: 3, code: 'NODE_NOT_EMPTY', says: /edge-3 .*: move or remove them first\.$/ };
  await refused(t, ['node', 'remove', 'edge-3'], refusal);
  await refused(t, ['node', 'remove', 'edge-3', '--dry-run'], refusal);
  t.like(await nodeOf('edge-3'), { state: 'ready', workloads: 1 });
  await goesOnUntouched(t, { node: 'edge-3', name }, before);
});

test.serial('an empty node is removed, and its name is free again', async (t) => {
  t.teardown(() => drover('node', 'remove', 'passer-by'));
  for (let time = 0; time < 2; time += 1) {
    const { token } = (await droverJson<{ token: { token: string } }>('token', 'create')).token;
    t.is((await runGuestAgent('passer-by', '--token', token)).status, 0);
    t.is((await drover('node', 'remove', 'passer-by')).stdout, 'Removed passer-by.\n');
    await refused(t, ['node', 'show', 'passer-by'], {
      ...{ status: 6, code: 'NODE_NOT_FOUND', says: /No node is called passer-by/ },
    });
  }
});

test.serial('events --watch tells what happens from now on, one JSON line each, until Ctrl-C', async (t) => {
  const name = 'watched-cat';
  t.teardown(() => drover('rm', name));
  const watching = labDrover(['events', '--watch', '--since', '10s', '-o', 'json'], (stdout, child) => {
    if (/workload\.removed.*watched-cat/.test(stdout)) child.kill('SIGINT');
  });
  await drover('run', '--name', name, '--node', 'edge-1', 'drover/counter');
  await drover('rm', name);
  const run = await watching;
  t.is(run.status, 0, run.stderr);
  const events = run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as EventJson);
  const own = events.filter(({ workload }) => workload === name);
  t.deepEqual(
    own.map(({ type, node }) => `${type} ${node}`),
    ['workload.started edge-1', 'workload.removed edge-1'],
  );
});

test.serial('nodes --watch shows the nodes again and again, one JSON line each, until Ctrl-C', async (t) => {
  const run = await labDrover(['nodes', '--watch', '-o', 'json'], (stdout, child) => {
    if (stdout.split('\n').length > 2) child.kill('SIGINT');
  });
  t.is(run.status, 0, run.stderr);
  for (const line of run.stdout.trim().split('\n')) {
    const { nodes } = JSON.parse(line) as { nodes: { name: string }[] };
    t.deepEqual(
      nodes.map(({ name }) => name),
      ['edge-1', 'edge-2', 'edge-3'],
    );
  }
});

test.serial('a coordinator that is started anew knows everything that it knew', async (t) => {
  const name = await aCounter(t, 'edge-1');
  t.is((await drover('node', 'cordon', 'edge-3')).status, 0);
  t.teardown(() => drover('node', 'uncordon', 'edge-3'));
  const { token } = await droverJson<{ token: { id: string } }>('token', 'create');
  const [before, life] = [await everything(), await lifeOf('edge-1', name)];
  t.true(before.tokens.some(({ id, state }) => id === token.id && state === 'valid'));
  await labCommand('restart-coordinator');
  await untilConnected();
  const after = await everything();
  t.deepEqual(after.events.slice(0, before.events.length), before.events);
  t.deepEqual({ ...after, events: [] }, { ...before, events: [] });
  await goesOnUntouched(t, { node: 'edge-1', name }, life);
});

// All that the coordinator keeps, without what changes by itself.
async function everything() {
  const [ps, nodes, tokens, migrations, events] = await Promise.all([
    droverJson<{ workloads: { memory_bytes: number }[] }>('ps'),
    droverJson<{ nodes: NodeJson[] }>('nodes'),
    droverJson<{ tokens: { id: string; state: string }[] }>('token', 'ls'),
    droverJson('migrations'),
    droverJson<{ events: EventJson[] }>('events'),
  ]);
  return {
    workloads: ps.workloads.map(({ memory_bytes: _memory, ...rest }) => rest),
    nodes: nodes.nodes.map(({ name, state, workloads }) => ({ name, state, workloads })),
    tokens: tokens.tokens,
    migrations,
    events: events.events,
  };
}

interface NodeJson {
  readonly name: string;
  readonly state: string;
  readonly workloads: number;
}

async function nodeOf(name: string): Promise<NodeJson> {
  return (await droverJson<{ node: NodeJson }>('node', 'show', name)).node;
}

async function aCounter(t: ExecutionContext, node: string): Promise<string> {
  const name = await runWorkload(node, [], 'drover/counter');
  t.teardown(() => drover('rm', name));
  return name;
}
