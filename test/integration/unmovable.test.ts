import { spawn } from 'node:child_process';
import test, { type ExecutionContext } from 'ava';
import { drover, droverError, droverJson, migrate, runWorkload } from '../support/cluster.ts';
import { lab, labExec } from '../support/lab.ts';
import { goesOnUntouched, lifeOf } from '../support/life.ts';
import { refused } from '../support/refused.ts';
import { untilTrue } from '../support/until-true.ts';

// What `docker run` is told, and the sentence that names it. All are running workloads while the file is.
const unmovable = {
  bind: { flags: ['-v', '/srv:/data:ro'], says: /It uses \/srv of this node at \/data \(a bind mount\)/ },
  volume: { flags: ['-v', 'unmovable-data:/data'], says: /It keeps data in the volume unmovable-data at \/data/ },
  privileged: { flags: ['--privileged'], says: /It is privileged.*without --privileged/ },
  device: { flags: ['--device', '/dev/null:/dev/mine'], says: /It uses the device \/dev\/null.*without --device/ },
  terminal: { flags: ['-t'], says: /It has a terminal \(-t\)/ },
  vanishing: { flags: ['--rm'], says: /It was started with --rm/ },
  neighbour: { flags: ['--network', 'host'], says: /\(--network host\)/ },
} as const;
const kinds = Object.keys(unmovable) as (keyof typeof unmovable)[];

const nameOf = (kind: string) => `unmovable-${kind}-${process.pid}`;

test.before(async () => {
  await Promise.all(kinds.map((kind) => adoptNew(nameOf(kind), unmovable[kind].flags)));
});
test.after.always(async () => {
  await Promise.all(kinds.map((kind) => drover('rm', nameOf(kind))));
  await labExec('edge-1', 'docker', 'volume', 'rm', '-f', 'unmovable-data');
});

for (const kind of kinds) {
  test.serial(`docker run ${unmovable[kind].flags.join(' ')}: refused before anything is touched`, (t) =>
    isUnmovable(t, nameOf(kind), unmovable[kind].says),
  );
}

test.serial('an open docker exec: refused, and once it has ended the container moves', async (t) => {
  const name = await runWorkload('edge-1', [], 'drover/counter');
  t.teardown(() => drover('rm', name));
  const session = spawn(lab, ['exec', 'edge-1', '--', 'docker', 'exec', name, 'sleep', '300'], { stdio: 'ignore' });
  t.teardown(() => session.kill());
  const sleeps = () => labExec('edge-1', 'docker', 'exec', name, 'ps');
  await untilTrue(async () => (await sleeps()).includes('sleep 300'), 'the exec session is open');
  await isUnmovable(t, name, /Somebody has an exec session open in it \(sleep 300\): end it first/);
  await labExec(
    'edge-1',
    'docker',
    'exec',
    name,
    'sh',
    '-c',
    'kill $(ps | grep "[s]leep 300" | { read -r p _; echo $p; })',
  );
  const { outcome } = await migrate(name, 'edge-2');
  t.is(outcome, 'committed');
});

async function adoptNew(name: string, flags: readonly string[]): Promise<void> {
  await labExec('edge-1', 'docker', 'run', '-d', '--name', name, ...flags, 'drover/counter');
  // A node reports its containers with its next heartbeat.
  await untilTrue(async () => (await drover('adopt', `edge-1/${name}`)).status === 0, `${name} is adopted`);
}

async function isUnmovable(t: ExecutionContext, name: string, says: RegExp): Promise<void> {
  const before = await lifeOf('edge-1', name);
  const refusal = { status: 3, code: 'UNMOVABLE', says };
  await refused(t, ['migrate', name, '--to', 'edge-2'], refusal);
  const { status, code, message } = await droverError('migrate', name, '--dry-run');
  t.like({ status, code }, { status: 3, code: 'UNMOVABLE' });
  t.regex(message, says);
  await goesOnUntouched(t, { node: 'edge-1', name }, before);
  // An exec session is told of with the next heartbeat.
  const shown = await untilTrue(async () => {
    const { workloads } = await droverJson<{ workloads: PsWorkload[] }>('ps', '--node', 'edge-1');
    return workloads.find((workload) => workload.name === name && workload.reasons.some((reason) => says.test(reason)));
  }, `drover ps says why ${name} cannot be moved`);
  t.like(shown, { node: 'edge-1', state: 'running', epoch: 1, migratable: false });
}

interface PsWorkload {
  readonly name: string;
  readonly migratable: boolean;
  readonly reasons: readonly string[];
}
