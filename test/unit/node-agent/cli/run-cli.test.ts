import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { realPlaces } from '../../../../node-agent/cli/install-places.ts';
import { runCli } from '../../../../node-agent/cli/run-cli.ts';
import type { AgentOptions } from '../../../../node-agent/config.ts';

async function run(...args: string[]) {
  const started: AgentOptions[] = [];
  let out = '';
  let err = '';
  const status = await runCli(
    {
      stdout: { write: (text) => (out += text) },
      stderr: { write: (text) => (err += text) },
      places: { ...realPlaces, dockerSocket: '/nowhere/docker.sock', library: '/nowhere' },
      runAgent: async (options) => void started.push(options),
      proveCheckpointRestore: async () => ({ dumpMs: 12.4, restoreMs: 34.6 }),
    },
    args,
  );
  return { status, out, err, options: started[0] };
}

test('flags become options, the rest has defaults', async (t) => {
  const { status, options } = await run('agent', '--coordinator', '10.0.0.1:7400', '--name', 'edge-9', '--token', 'x');
  t.is(status, 0);
  t.like(options, {
    coordinator: '10.0.0.1:7400',
    name: 'edge-9',
    token: 'x',
    dataDir: '/var/lib/drover/agent',
    listen: '0.0.0.0:7401',
    logLevel: 'info',
  });
  t.true((options?.timeouts.freezeMs ?? 0) > 0);
});

test('flags win over the file, the file over defaults', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'drover-config-'));
  const file = join(directory, 'agent.json');
  const content = { coordinator: 'a:1', name: 'from-file', logLevel: 'warn', timeouts: { freezeMs: 7 } };
  await writeFile(file, JSON.stringify(content));
  const { options } = await run('agent', '--config', file, '--name', 'from-flag');
  t.like(options, { coordinator: 'a:1', name: 'from-flag', logLevel: 'warn' });
  t.is(options?.timeouts.freezeMs, 7);
  await rm(directory, { recursive: true });
});

const badUsage = test.macro(async (t, args: string[], sentence: RegExp) => {
  const { status, err, options } = await run(...args);
  t.is(status, 2);
  t.is(options, undefined);
  t.regex(err, /^error: .*\. \(BAD_USAGE\)\n$/);
  t.regex(err, sentence);
});

const agent = ['agent', '--coordinator', 'c:1'];
test('no coordinator', badUsage, ['agent', '--name', 'edge-1'], /coordinator .* must be given/);
test('a coordinator without a port', badUsage, ['agent', '--coordinator', 'c'], /HOST:PORT/);
test('a name with capitals', badUsage, [...agent, '--name', 'Edge_1'], /option name .* a-z/);
test('an unknown log level', badUsage, [...agent, '--log-level', 'loud'], /logLevel/);
test('a relative directory', badUsage, [...agent, '--data-dir', 'data'], /dataDir .* absolute/);
test('a file that is not there', badUsage, [...agent, '--config', '/nowhere.json'], /\/nowhere\.json/);
test('an unknown flag', badUsage, ['agent', '--frobnicate'], /frobnicate/);
test('an unknown command', badUsage, ['shepherd'], /shepherd/);

test('errors are JSON when JSON is asked for', async (t) => {
  const { err } = await run('agent', '-o', 'json');
  t.like(JSON.parse(err), { error: { code: 'BAD_USAGE' } });
});

test('a doctor without Docker fails with a table that says what to do', async (t) => {
  const { status, out } = await run('doctor');
  t.is(status, 1);
  t.regex(out, /^fail {2}docker .*unreachable\n.*→ Docker does not answer at \/nowhere\/docker\.sock/m);
  t.regex(out, /^ok {4}checkpoint and restore +dump 12 ms, restore 35 ms$/m);
});

test('a doctor speaks JSON', async (t) => {
  const { out } = await run('doctor', '-o', 'json');
  const { ok, checks } = JSON.parse(out);
  t.false(ok);
  t.deepEqual(Object.keys(checks[0]), ['name', 'status', 'found', 'advice']);
});

test('help is no error', async (t) => {
  const { status, out } = await run('agent', 'install', '--help');
  t.is(status, 0);
  t.regex(out, /--no-systemd/);
});
