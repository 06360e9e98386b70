import { once } from 'node:events';
import test from 'ava';
import { createSession } from '../../node-agent/session/session-client.ts';
import { CommandDone, DroverError, HandoverSignal } from '../../proto/index.ts';
import { aContainer } from '../support/a-fleet.ts';
import { inspect, options } from '../support/raw-session.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { aHello, startSessionHost } from '../support/session-host.ts';
import { agentOptions, startAgent } from '../support/test-agent.ts';
import { until } from '../support/until.ts';

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

test('a session that the agent ends in order gets the status OK', async (t) => {
  const host = await startSessionHost();
  t.teardown(host.stop);
  const call = (await host.client('edge-1')).connect();
  call.write({ body: { $case: 'hello', value: aHello('edge-1') } });
  await once(call, 'data');
  call.end();
  call.resume();
  const [status] = await once(call, 'status');
  t.is(status.code, 0);
});
