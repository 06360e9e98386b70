import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Node, NodeState, type RunWorkloadRequest, Token, Workload } from '../../proto/index.ts';
import { answer, answerStream, contextArgs } from '../support/fake-admin.ts';
import { runDrover } from '../support/run-drover.ts';

test('nodes are a table for people', async (t) => {
  const node = Node.fromPartial({ name: 'edge-1', state: NodeState.READY, pressure: 'ok', ageMs: 1_500 });
  const context = await contextArgs(t, { listNodes: answer(async () => ({ nodes: [node] })) });
  const { stdout } = await runDrover(['nodes', ...context]);
  const [head, row, ...rest] = stdout.trimEnd().split('\n');
  t.regex(head ?? '', /^NAME\s+STATE\s+PRESSURE\s+MEMORY FREE\s+PSI\s+WORKLOADS\s+SEEN/);
  t.regex(row ?? '', /^edge-1\s+ready\s+ok\s+-\s+-\s+0\s+1\.5 s ago/);
  t.deepEqual(rest, []);
});

test('--watch prints again and again until it is interrupted, which is no error', async (t) => {
  const context = await contextArgs(t, { listNodes: answer(async () => ({ nodes: [] })) });
  const { status, stdout } = await runDrover(['nodes', '--watch', '-o', 'json', ...context], {
    onOutput: (text, child) => text.split('\n').length > 2 && child.kill('SIGINT'),
  });
  t.is(status, 0);
  t.true(stdout.startsWith('{"nodes":[]}\n{"nodes":[]}\n'));
});

test('a reader that closes the pipe ends the program quietly', async (t) => {
  const context = await contextArgs(t, { listNodes: answer(async () => ({ nodes: [] })) });
  const { status, stderr } = await runDrover(['nodes', '--watch', '-o', 'json', ...context], {
    onOutput: (_, child) => child.stdout?.destroy(),
  });
  t.deepEqual({ status, stderr }, { status: 0, stderr: '' });
});

test('run translates its flags and asks for the node and the name', async (t) => {
  let asked: RunWorkloadRequest | undefined;
  const runWorkload = answer(async (request: RunWorkloadRequest) => {
    asked = request;
    return { workload: Workload.fromPartial({ name: 'web', node: 'edge-2' }), reason: 'asked for' };
  });
  const context = await contextArgs(t, { runWorkload });
  const flags = ['--name', 'web', '--node', 'edge-2', '--dry-run', '-m', '64m', '-e', 'COLOUR'];
  const { stdout } = await runDrover(['run', ...context, ...flags, 'alpine', 'sh', '-c', '-o json'], {
    env: { COLOUR: 'red' },
  });
  t.is(stdout, 'web would run on edge-2: asked for\n');
  t.like(asked, { name: 'web', node: 'edge-2', dryRun: true });
  t.deepEqual(JSON.parse(asked?.createJson ?? ''), {
    Image: 'alpine',
    Cmd: ['sh', '-c', '-o json'],
    Env: ['COLOUR=red'],
    HostConfig: { Memory: 67_108_864 },
  });
});

test('token create prints the command to run on the device', async (t) => {
  const token = Token.fromPartial({ id: 't-1', expiresAt: new Date('2026-01-02T03:04:05Z') });
  let ttl = 0;
  const createToken = answer(async ({ ttlSeconds }: { ttlSeconds: number }) => {
    ttl = ttlSeconds;
    return { token, secret: 'drv1.secret' };
  });
  const context = await contextArgs(t, { createToken });
  const { stdout } = await runDrover(['token', 'create', '--ttl', '30m', ...context]);
  t.is(ttl, 1_800);
  t.is(stdout.split('\n')[0], 'drv1.secret');
  t.regex(stdout, /\n {2}drover agent --coordinator \S+:\d+ --token drv1\.secret\n/);
});

test('a dry run of node remove refuses a node with workloads and removes nothing', async (t) => {
  const node = Node.fromPartial({ name: 'edge-1', workloads: 2 });
  const context = await contextArgs(t, { getNode: answer(async () => ({ node })) });
  const { status, stderr } = await runDrover(['node', 'remove', 'edge-1', '--dry-run', ...context]);
  t.is(status, 3);
  t.is(stderr, 'error: edge-1 holds 2 workloads: move or remove them first. (NODE_NOT_EMPTY)\n');
});

test('logs come as they were written, each stream where it belongs', async (t) => {
  const streamLogs = answerStream(async function* () {
    yield { stream: 'stdout', data: Buffer.from([0xff, 0x00, 0x0a]) };
    yield { stream: 'stderr', data: Buffer.from('oops\n') };
  });
  const context = await contextArgs(t, { streamLogs });
  const { stdout, stderr } = await runDrover(['logs', 'web', '-f', '--tail', '5', ...context]);
  t.deepEqual([stdout, stderr], ['\ufffd\u0000\n', 'oops\n']);
});

test('every command has help with an example', async (t) => {
  const { stdout } = await runDrover(['help']);
  const names = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => String(name));
  for (const name of ['agent', 'doctor', 'coordinator', 'migrate', 'run']) t.true(names.includes(name), name);
  const groups = new Set(['help', 'agent', 'doctor', 'token', 'node', 'migration']);
  for (const name of names.filter((each) => !groups.has(each))) {
    const help = await runDrover(['help', name]);
    t.is(help.status, 0, name);
    t.true(help.stdout.includes(`  drover ${name}`), name);
  }
});

test('completion scripts know commands, subcommands and options', async (t) => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { status, stdout } = await runDrover(['completion', shell]);
    t.is(status, 0);
    for (const word of ['migrate', 'uncordon', '--strategy']) t.true(stdout.includes(word), `${shell}: ${word}`);
  }
});

test('a program that is not built says how to build it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'drover-unbuilt-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'scripts'));
  const program = join(folder, 'scripts', 'drover.mjs');
  await copyFile('scripts/drover.mjs', program);
  const { status, stderr } = await runDrover(['nodes'], { program });
  t.is(status, 1);
  t.regex(stderr, /^error: .*`npm run build`.*\n$/);
});
