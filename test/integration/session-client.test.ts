import test, { type ExecutionContext } from 'ava';
import { createSession, type SessionOptions } from '../../node-agent/session/session-client.ts';
import { CommandDone, DroverError, HandoverSignal, type SendOutputRequest } from '../../proto/index.ts';
import { aContainer } from '../support/a-fleet.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { aHello, type SessionHost, startSessionHost } from '../support/session-host.ts';
import { silentLog as log } from '../support/silent-log.ts';
import { until } from '../support/until.ts';

const backoff = { firstMs: 10, longestMs: 50, refusedMs: 2 ** 30 };
const inspect = { $case: 'inspectContainer', value: { workload: 'web' } } as const;
const options = { timeoutMs: 5000 };
const never = new AbortController().signal;

test('an agent connects, reports at the interval, and does what it is told', async (t) => {
  const host = await startSessionHost({ heartbeatMs: 50 });
  await startAgent(t, host, 'edge-1', {
    heartbeat: async () => ({ containers: [aContainer()] }),
    execute: async (command) => CommandDone.fromPartial({ inspectJson: String(command.body?.$case) }),
  });
  await until(() => host.nodes.require('edge-1').containers.length === 1);
  t.is((await host.agents.send('edge-1', inspect, options)).inspectJson, 'inspectContainer');
});

test('after a command the agent reports at once', async (t) => {
  const host = await startSessionHost({ heartbeatMs: 60_000 });
  let made = false;
  await startAgent(t, host, 'edge-1', {
    heartbeat: async () => ({ containers: made ? [aContainer()] : [] }),
    execute: async () => {
      made = true;
      return CommandDone.fromPartial({});
    },
  });
  await host.agents.send('edge-1', inspect, options);
  await until(() => host.nodes.require('edge-1').containers.length === 1);
  t.pass();
});

test('commands run at the same time', async (t) => {
  const host = await startSessionHost();
  const gates: (() => void)[] = [];
  await startAgent(t, host, 'edge-1', {
    execute: () => new Promise((resolve) => gates.push(() => resolve(CommandDone.fromPartial({})))),
  });
  const both = [1, 2].map(() => host.agents.send('edge-1', inspect, options));
  await until(() => gates.length === 2);
  for (const open of gates) open();
  t.is((await Promise.all(both)).length, 2);
});

test('when the session breaks the agent comes back, and a command that it had begun goes on', async (t) => {
  const host = await startSessionHost();
  const finish: (() => void)[] = [];
  let aborted = false;
  await startAgent(t, host, 'edge-1', {
    execute: (_, signal) => {
      signal.addEventListener('abort', () => (aborted = true));
      return new Promise((resolve) => finish.push(() => resolve(CommandDone.fromPartial({}))));
    },
  });
  const sent = rejectionOf(host.agents.send('edge-1', inspect, options));
  await until(() => finish.length === 1);
  host.agents.end('edge-1', new DroverError('SHUTTING_DOWN', 'The coordinator is stopping.'));
  t.is((await sent).code, 'AGENT_LOST');
  await until(() => host.events.types().join() === 'node.up,node.down,node.up');
  t.false(aborted);
  finish[0]?.();
  const again = host.agents.send('edge-1', inspect, options);
  await until(() => finish.length === 2);
  finish[1]?.();
  await t.notThrowsAsync(again);
});

test('signals made while disconnected arrive after the agent has come back', async (t) => {
  const host = await startSessionHost();
  const agent = await startAgent(t, host, 'edge-1');
  const heard: string[] = [];
  host.agents.onSignal((_, { migrationId }) => heard.push(migrationId));
  host.agents.end('edge-1', new DroverError('SHUTTING_DOWN', 'The coordinator is stopping.'));
  await until(() => !agent.connected);
  agent.signal(HandoverSignal.fromPartial({ migrationId: 'm1', body: { $case: 'restored', value: {} } }));
  await until(() => heard.length === 1);
  t.deepEqual(heard, ['m1']);
});

test('a refused agent says so once and does not try again soon', async (t) => {
  const host = await startSessionHost();
  const agent = await startAgent(t, host, 'edge-1', { hello: async () => aHello('edge-2') }, false);
  await until(() => host.refusals.length === 1);
  t.deepEqual(host.refusals, ['PERMISSION_DENIED']);
  t.false(agent.connected);
});

test('an agent whose Hello cannot be made tries again', async (t) => {
  const host = await startSessionHost();
  let attempts = 0;
  await startAgent(t, host, 'edge-1', {
    hello: async () => {
      if (++attempts < 3) throw new DroverError('DOCKER_UNREACHABLE', 'Docker does not answer.');
      return aHello('edge-1');
    },
  });
  t.is(attempts, 3);
});

test('an agent that stops ends its session in order', async (t) => {
  const host = await startSessionHost();
  t.teardown(host.stop);
  const stop = new AbortController();
  const session = createSession(await agentOptions(host, 'edge-1'));
  const running = session.run(stop.signal);
  await until(() => session.connected);
  stop.abort();
  await running;
  await until(() => !host.agents.isConnected('edge-1'));
  t.deepEqual(host.refusals, []);
});

test('output flows from the agent to its reader, and its end with it', async (t) => {
  const host = await startSessionHost();
  const agent = await startAgent(t, host, 'edge-1');
  const output = host.outputs.expect('edge-1', { timeoutMs: 5000, signal: never });
  const sending = agent.sendOutput(output.streamId, () => lines(3), never);
  t.deepEqual(await textOf(output.read()), ['line 1', 'line 2', 'line 3']);
  await t.notThrowsAsync(sending);
});

test('an error at the agent is the last thing that its reader sees', async (t) => {
  const host = await startSessionHost();
  const agent = await startAgent(t, host, 'edge-1');
  const output = host.outputs.expect('edge-1', { timeoutMs: 5000, signal: never });
  const sending = agent.sendOutput(output.streamId, () => failing(), never).catch(() => undefined);
  t.is((await rejectionOf(textOf(output.read()))).code, 'CONTAINER_NOT_FOUND');
  await sending;
});

test('a reader that goes away ends the output of the agent', async (t) => {
  const host = await startSessionHost();
  const agent = await startAgent(t, host, 'edge-1');
  const reader = new AbortController();
  const output = host.outputs.expect('edge-1', { timeoutMs: 5000, signal: reader.signal });
  let stopped = false;
  const sending = agent.sendOutput(output.streamId, (signal) => endless(signal, () => (stopped = true)), never);
  const outcome = rejectionOf(sending);
  for await (const message of output.read()) {
    if (message.data.length > 0) break;
  }
  reader.abort();
  t.is((await outcome).code, 'CANCELLED');
  t.true(stopped);
});

test('output that is not read is not produced', async (t) => {
  const host = await startSessionHost();
  const agent = await startAgent(t, host, 'edge-1');
  const output = host.outputs.expect('edge-1', { timeoutMs: 5000, signal: never });
  let produced = 0;
  const chunk = { stream: 'stdout' as const, data: Buffer.alloc(256 * 1024) };
  async function* source() {
    for (; produced < 200; produced++) yield chunk;
  }
  const sending = agent.sendOutput(output.streamId, source, never);
  const reading = output.read()[Symbol.asyncIterator]();
  await reading.next();
  let before = -1;
  while (before !== produced) {
    before = produced;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  t.true(produced < 100, `${produced} chunks of 256 KiB were produced although only one was read`);
  let rest = 1;
  while (!(await reading.next()).done) rest++;
  t.is(rest, 200);
  await sending;
});

test('output of a stream that nobody asked this node for is refused', async (t) => {
  const host = await startSessionHost();
  const agent = await startAgent(t, host, 'edge-2');
  const output = host.outputs.expect('edge-1', { timeoutMs: 5000, signal: never });
  t.is((await rejectionOf(agent.sendOutput(output.streamId, () => lines(1), never))).code, 'PERMISSION_DENIED');
  output.close();
});

test('a node that never opens the stream lets its reader down in time', async (t) => {
  const host = await startSessionHost();
  t.teardown(host.stop);
  const output = host.outputs.expect('edge-1', { timeoutMs: 20, signal: never });
  t.is((await rejectionOf(textOf(output.read()))).code, 'TIMEOUT');
});

async function startAgent(
  t: ExecutionContext,
  host: SessionHost,
  node: string,
  changes: Partial<SessionOptions> = {},
  waitUntilOpen = true,
) {
  const session = createSession({ ...(await agentOptions(host, node)), ...changes });
  const stop = new AbortController();
  const running = session.run(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await running;
    await host.stop();
  });
  if (waitUntilOpen) await until(() => session.connected);
  return session;
}

async function agentOptions(host: SessionHost, node: string): Promise<SessionOptions> {
  const tls = await host.certificate(node);
  return {
    tls: () => tls,
    coordinator: host.address,
    hello: async () => aHello(node),
    heartbeat: async () => ({ containers: [] }),
    execute: async () => CommandDone.fromPartial({}),
    ...{ log, backoff },
  };
}

async function* lines(count: number) {
  for (let n = 1; n <= count; n++) yield { stream: 'stdout' as const, data: Buffer.from(`line ${n}`) };
}

async function* failing() {
  yield* lines(1);
  throw new DroverError('CONTAINER_NOT_FOUND', 'It is gone.');
}

async function* endless(signal: AbortSignal, onStop: () => void) {
  signal.addEventListener('abort', onStop, { once: true });
  for (let n = 0; !signal.aborted; n++) {
    yield { stream: 'stdout' as const, data: Buffer.from(`line ${n}`) };
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function textOf(messages: AsyncIterable<SendOutputRequest>): Promise<string[]> {
  const text: string[] = [];
  for await (const { data } of messages) text.push(data.toString());
  return text;
}
