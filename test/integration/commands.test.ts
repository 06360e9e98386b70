import test, { type ExecutionContext } from 'ava';
import { containersOf, drover, droverJson, inspect, migrate, placeOf, runWorkload } from '../support/cluster.ts';
import { labExec } from '../support/lab.ts';
import { labDrover } from '../support/lab-drover.ts';
import { goesOnUntouched, lifeOf } from '../support/life.ts';
import { refused } from '../support/refused.ts';
import { untilTrue } from '../support/until-true.ts';

interface WorkloadJson {
  readonly name: string;
  readonly container_id: string;
  readonly memory_bytes: number;
}

test.serial('run, ps, inspect and rm tell the same', async (t) => {
  const name = `told-${process.pid}`;
  const { workload } = await droverJson<{ workload: WorkloadJson }>(
    ...['run', '--name', name, '--node', 'edge-1', '-p', '18230:80', 'drover/counter'],
  );
  t.teardown(() => drover('rm', name));
  const { Id } = (await inspect('edge-1', name)) as { Id: string };
  const shown = await droverJson<{ workload: WorkloadJson; container: { Id: string } }>('inspect', name);
  const { workloads } = await droverJson<{ workloads: WorkloadJson[] }>('ps', '--node', 'edge-1');
  t.like(workload, { name, node: 'edge-1', state: 'running', epoch: 1, container_id: Id, migratable: true });
  t.is(shown.container.Id, Id);
  const names = Object.keys(workload);
  t.deepEqual(names, [
    'name',
    'node',
    'state',
    'epoch',
    'container_id',
    'image',
    'memory_bytes',
    'ports',
    'migratable',
    'reasons',
  ]);
  const { memory_bytes: _memory, ...lasting } = workload;
  t.like(
    workloads.find((other) => other.name === name),
    lasting,
  );
  t.is((await drover('rm', name, '--dry-run')).stdout, `Would remove ${name} from edge-1.\n`);
  t.is((await drover('rm', name)).stdout, `Removed ${name} from edge-1.\n`);
  t.false((await containersOf('edge-1')).includes(name));
  await refused(t, ['rm', name], { status: 6, code: 'WORKLOAD_NOT_FOUND', says: /No workload is called told-/ });
});

test.serial('logs end, follow until Ctrl-C, and go on on another node', async (t) => {
  const name = await aCounter(t, 'edge-1');
  const { stdout } = await untilTrue(async () => {
    const answer = await drover('logs', name);
    return answer.stdout.includes('\n3\n') ? answer : undefined;
  }, 'it has counted to three');
  t.true(stdout.startsWith('1\n2\n3\n'));
  t.is((await drover('logs', name, '--tail', '2')).stdout.trim().split('\n').length, 2);
  const followed = await follow(['logs', name, '-f'], (text) => text.split('\n').length > 10);
  t.is(followed.status, 0, followed.stderr);
  const numbers = followed.stdout.trim().split('\n').map(Number);
  t.deepEqual(
    numbers,
    [...numbers.keys()].map((index) => index + 1),
  );
  await migrate(name, 'edge-2');
  t.is((await follow(['logs', name, '-f', '--tail', '1'], (text) => text.split('\n').length > 3)).status, 0);
  await refused(t, ['logs', 'nobody'], { status: 6, code: 'WORKLOAD_NOT_FOUND', says: /No workload is called nobody/ });
});

test.serial('a container of plain docker run is adopted as it is, and moves', async (t) => {
  const name = `stray-cat-${process.pid}`;
  await labExec('edge-1', 'docker', 'run', '-d', '--name', name, 'drover/counter');
  t.teardown(() => drover('rm', name));
  const before = await lifeOf('edge-1', name);
  const stray = await untilTrue(async () => {
    const { workloads } = await droverJson<{ workloads: WorkloadJson[] }>('ps', '--all', '--node', 'edge-1');
    return workloads.find((workload) => workload.name === name);
  }, 'its node has told of it');
  t.like(stray, { epoch: 0, migratable: false });
  t.is((await drover('adopt', `edge-1/${name}`)).stdout, `Adopted ${name} on edge-1.\n`);
  t.like(await placeOf(name), { node: 'edge-1', state: 'running', epoch: 1 });
  await goesOnUntouched(t, { node: 'edge-1', name }, before);
  await refused(t, ['adopt', `edge-1/${name}`], { status: 3, code: 'WORKLOAD_EXISTS', says: /is a workload already/ });
  await refused(t, ['adopt', 'edge-1/nobody'], {
    status: 6,
    code: 'CONTAINER_NOT_FOUND',
    says: /reports no container/,
  });
  await refused(t, ['adopt', 'edge-99/web'], { status: 6, code: 'NODE_NOT_FOUND', says: /No node is called edge-99/ });
  t.is((await migrate(name, 'edge-2')).outcome, 'committed');
});

test.serial('a name is free again once its workload is removed, and what has it then moves as well', async (t) => {
  const name = `again-${process.pid}`;
  t.teardown(() => drover('rm', name));
  for (const start of [
    () => drover('run', '--name', name, '--node', 'edge-1', 'drover/counter'),
    () => drover('run', '--name', name, '--node', 'edge-1', 'drover/counter'),
    async () => {
      await labExec('edge-1', 'docker', 'run', '-d', '--name', name, 'drover/counter');
      return untilTrue(async () => (await drover('adopt', `edge-1/${name}`)).status === 0, 'it is adopted');
    },
  ]) {
    await start();
    t.is((await migrate(name, 'edge-2')).outcome, 'committed');
    t.is((await drover('rm', name)).status, 0);
  }
});

test.serial('a container with the label drover.enable=true becomes a workload by itself', async (t) => {
  const name = `labelled-cat-${process.pid}`;
  await labExec('edge-2', 'docker', 'run', '-d', '--name', name, '-l', 'drover.enable=true', 'drover/counter');
  t.teardown(() => drover('rm', name));
  const before = await lifeOf('edge-2', name);
  const place = await untilTrue(() => placeOf(name).catch(() => undefined), 'it is adopted');
  t.like(place, { node: 'edge-2', state: 'running', epoch: 1 });
  await goesOnUntouched(t, { node: 'edge-2', name }, before);
  const { events } = await droverJson<{ events: { type: string; workload: string }[] }>('events', '--since', '1m');
  t.deepEqual(
    events.filter(({ workload }) => workload === name).map(({ type }) => type),
    ['workload.adopted'],
  );
});

test.serial('an image that the node does not have: what to do is said, and nothing is left behind', async (t) => {
  const present = async () => ({ ...(await droverJson('ps', '--all')), containers: await containersOf('edge-1') });
  const before = await present();
  await refused(t, ['run', '--node', 'edge-1', 'no/such:image'], {
    ...{
      status: 6,
      code: 'IMAGE_NOT_FOUND',
      says: /no\/such:image is not on the node; load it there with "docker pull"/,
    },
  });
  t.deepEqual(await present(), before);
});

test.serial('a name that is taken by a workload or by a container', async (t) => {
  const name = await aCounter(t, 'edge-1');
  const before = await lifeOf('edge-1', name);
  for (const node of ['edge-1', 'edge-2']) {
    await refused(t, ['run', '--name', name, '--node', node, 'drover/counter'], {
      ...{ status: 3, code: 'WORKLOAD_EXISTS', says: /choose another name/ },
    });
  }
  await goesOnUntouched(t, { node: 'edge-1', name }, before);
});

for (const [what, args, says] of [
  ['no command of that name', ['teleport'], /unknown command 'teleport'/i],
  ['no workload', ['migrate'], /missing required argument 'workload'/i],
  ['no strategy of that name', ['migrate', 'web', '--strategy', 'warp'], /Allowed choices are auto, cold/],
  ['no duration', ['migrate', 'web', '--timeout', 'soon'], /soon/],
  ['an option too many', ['nodes', '--verbose'], /unknown option '--verbose'/i],
  ['no container', ['adopt', 'edge-1'], /write NODE\/CONTAINER/],
  ['a flag that makes no sense here', ['run', '--rm', 'drover/counter'], /--rm/],
] as const) {
  test.serial(`bad usage: ${what}`, (t) => refused(t, args, { status: 2, code: 'BAD_USAGE', says }));
}

async function aCounter(t: ExecutionContext, node: string): Promise<string> {
  const name = await runWorkload(node, [], 'drover/counter');
  t.teardown(() => drover('rm', name));
  return name;
}

/** Runs a command that goes on until Ctrl-C, which comes once it has written enough. */
function follow(args: readonly string[], isEnough: (stdout: string) => boolean) {
  return labDrover(args, (stdout, child) => {
    if (isEnough(stdout)) child.kill('SIGINT');
  });
}
