import test from 'ava';
import { createCommandRunner, type Execute } from '../../../node-agent/session/command-runner.ts';
import { type Command, CommandDone, DroverError } from '../../../proto/index.ts';
import { silentLog } from '../../support/silent-log.ts';

const command = (changes: Partial<Command> = {}): Command => ({
  id: 'c1',
  deadlineMs: 60_000,
  body: { $case: 'inspectContainer', value: { workload: 'web' } },
  ...changes,
});
const done = (containerId = '') => CommandDone.fromPartial({ containerId });
const runner = (execute: Execute, options: { stop?: AbortSignal; capacity?: number } = {}) =>
  createCommandRunner({ execute, log: silentLog, stop: new AbortController().signal, ...options });

test('a command that is repeated while it runs, or later, is done once and answered the same', async (t) => {
  let runs = 0;
  const { run } = runner(async () => done(`container-${++runs}`));
  const [first, second] = await Promise.all([run(command()), run(command())]);
  const third = await run(command());
  t.is(runs, 1);
  t.deepEqual([second, third], [first, first]);
});

test('a failed command that is repeated fails the same, without being tried again', async (t) => {
  let runs = 0;
  const { run } = runner(async () => {
    runs++;
    throw new DroverError('DOCKER_FAILED', 'No.');
  });
  const results = [await run(command()), await run(command())];
  t.is(runs, 1);
  for (const { outcome } of results) t.like(outcome, { $case: 'failure', value: { code: 'DOCKER_FAILED' } });
});

test('only the latest results are remembered', async (t) => {
  const ids: string[] = [];
  const execute: Execute = async ({ id }) => {
    ids.push(id);
    return done();
  };
  const { run } = runner(execute, { capacity: 2 });
  for (const id of ['a', 'b', 'c', 'c', 'a']) await run(command({ id }));
  t.deepEqual(ids, ['a', 'b', 'c', 'a']);
});

test('a command of an unknown kind is refused', async (t) => {
  const result = await runner(async () => done()).run(command({ body: undefined }));
  t.like(result.outcome, { $case: 'failure', value: { code: 'NOT_SUPPORTED' } });
});

test('the deadline aborts the command with TIMEOUT', async (t) => {
  const result = await runner(untilAborted).run(command({ deadlineMs: 10 }));
  t.like(result.outcome, { $case: 'failure', value: { code: 'TIMEOUT' } });
});

test('stopping the agent aborts its commands', async (t) => {
  const stop = new AbortController();
  const result = runner(untilAborted, { stop: stop.signal }).run(command());
  stop.abort(new DroverError('SHUTTING_DOWN', 'The agent is stopping.'));
  t.like((await result).outcome, { $case: 'failure', value: { code: 'SHUTTING_DOWN' } });
});

function untilAborted(_: Command, signal: AbortSignal): Promise<CommandDone> {
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}
