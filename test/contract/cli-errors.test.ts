import test from 'ava';
import { DroverError, type ErrorCode } from '../../proto/index.ts';
import { answer, contextArgs, startFakeAdmin } from '../support/fake-admin.ts';
import { runDrover } from '../support/run-drover.ts';

const usageError = test.macro({
  exec: async (t, line: string, sentence: RegExp) => {
    const human = await runDrover(line.split(' '));
    t.is(human.status, 2);
    t.is(human.stdout, '');
    t.regex(human.stderr, /^error: [A-Z"-].*[.?!)] \(BAD_USAGE\)\n$/);
    t.regex(human.stderr, sentence);
    const json = await runDrover(['-o', 'json', ...line.split(' ')]);
    t.is(json.status, 2);
    t.is(json.stdout, '');
    const { error } = JSON.parse(json.stderr);
    t.deepEqual(Object.keys(error), ['code', 'message', 'details']);
    t.is(error.code, 'BAD_USAGE');
  },
  title: (_, line: string) => `bad usage: drover ${line}`,
});

test(usageError, 'nods', /Did you mean .*nodes/);
test(usageError, 'nodes --wach', /--watch/);
test(usageError, 'migrate', /workload/);
test(usageError, 'migrate web --strategy warm', /precopy/);
test(usageError, 'migrate web --timeout soon', /duration/);
test(usageError, 'token', /subcommand/);
test(usageError, 'adopt web', /NODE\/CONTAINER/);
test(usageError, 'run --rm nginx', /hand-over/);
test(usageError, 'help nowhere', /no command/);
test(usageError, 'nodes -o yaml', /json/);

const exitsWith = test.macro({
  exec: async (t, code: ErrorCode, status: number) => {
    const refuse = answer(async () => {
      throw new DroverError(code, 'The sentence.', { details: { node: 'edge-1' } });
    });
    const context = await contextArgs(t, { listNodes: refuse });
    const human = await runDrover(['nodes', ...context]);
    t.deepEqual(human, { status, stdout: '', stderr: `error: The sentence. (${code})\n` });
    const json = await runDrover(['nodes', '-o', 'json', ...context]);
    t.deepEqual(JSON.parse(json.stderr), { error: { code, message: 'The sentence.', details: { node: 'edge-1' } } });
    t.is(json.status, status);
  },
  title: (_, code: string, status: number) => `${code} ends with status ${status}`,
});

test(exitsWith, 'INTERNAL', 1);
test(exitsWith, 'INVALID_ARGUMENT', 2);
test(exitsWith, 'NODE_CORDONED', 3);
test(exitsWith, 'TIMEOUT', 5);
test(exitsWith, 'NODE_NOT_FOUND', 6);

test('without a context the error says how to get one', async (t) => {
  const { status, stderr } = await runDrover(['nodes'], { env: { DROVER_CONTEXT: '/nowhere/context.json' } });
  t.is(status, 6);
  t.regex(
    stderr,
    /^error: There is no admin context at \/nowhere\/context.json: .*--context.* \(CONTEXT_NOT_FOUND\)\n$/,
  );
});

test('a coordinator that is not there is named in the error', async (t) => {
  const server = await startFakeAdmin({});
  t.teardown(server.stop);
  const args = ['nodes', '--context', server.contextFile, '--coordinator', '127.0.0.1:1'];
  const { status, stderr } = await runDrover(args);
  t.is(status, 1);
  t.regex(stderr, /^error: Cannot reach the coordinator at 127.0.0.1:1: .* \(COORDINATOR_UNREACHABLE\)\n$/);
});

test('a call that takes longer than --deadline ends with status 5', async (t) => {
  const context = await contextArgs(t, { listNodes: answer(() => new Promise(() => {})) });
  const { status, stderr } = await runDrover(['nodes', '--deadline', '300ms', ...context]);
  t.is(status, 5);
  t.regex(stderr, /\(TIMEOUT\)\n$/);
});

test('DROVER_CONTEXT names the context, and DROVER_DEBUG=1 adds the stack of an error', async (t) => {
  const server = await startFakeAdmin({});
  t.teardown(server.stop);
  const env = { DROVER_CONTEXT: server.contextFile, DROVER_DEBUG: '1' };
  const { stderr } = await runDrover(['nodes'], { env });
  t.regex(stderr, /\(NOT_SUPPORTED\)\nDroverError: This test expects no such call\.\n\s+at /);
});
