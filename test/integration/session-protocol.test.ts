import test from 'ava';
import { CommandDone, type ConnectRequest, DroverError, type ErrorCode, HandoverSignal } from '../../proto/index.ts';
import { beat, errorOf, inspect, nextCommand, open, options } from '../support/raw-session.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { aHello, startSessionHost } from '../support/session-host.ts';
import { until } from '../support/until.ts';

test('a session begins with Hello and is welcomed with the interval', async (t) => {
  const host = await startSessionHost({ heartbeatMs: 1234 });
  const { welcome } = await open(host, 'edge-1');
  t.deepEqual(welcome, { $case: 'welcome', value: { heartbeatMs: 1234 } });
  t.like(host.nodes.get('edge-1'), { state: 'ready', agentVersion: 'test' });
  t.deepEqual(host.events.types(), ['node.up']);
  await host.stop();
});

test('a command goes down, and its result comes up', async (t) => {
  const host = await startSessionHost();
  const { call } = await open(host, 'edge-1');
  const sent = host.agents.send('edge-1', inspect, options);
  const command = await nextCommand(call);
  t.like(command, { body: inspect });
  t.true(command.deadlineMs > 4000 && command.deadlineMs < 5000);
  const done = CommandDone.fromPartial({ inspectJson: '{}' });
  call.write({ body: { $case: 'result', value: { commandId: command.id, outcome: { $case: 'done', value: done } } } });
  t.is((await sent).inspectJson, '{}');
  await host.stop();
});

test("the agent's own failure reaches whoever sent the command", async (t) => {
  const host = await startSessionHost();
  const { call } = await open(host, 'edge-1');
  const sent = rejectionOf(host.agents.send('edge-1', inspect, options));
  const { id } = await nextCommand(call);
  const value = { code: 'CONTAINER_NOT_FOUND', message: 'It is gone.', details: { workload: 'web' } };
  call.write({ body: { $case: 'result', value: { commandId: id, outcome: { $case: 'failure', value } } } });
  t.like(await sent, { code: 'CONTAINER_NOT_FOUND', message: 'It is gone.', details: { workload: 'web' } });
  await host.stop();
});

test('a command that is not answered times out, one that is cancelled stops waiting', async (t) => {
  const host = await startSessionHost();
  await open(host, 'edge-1');
  t.is((await rejectionOf(host.agents.send('edge-1', inspect, { timeoutMs: 20 }))).code, 'TIMEOUT');
  const cancel = new AbortController();
  const sent = rejectionOf(host.agents.send('edge-1', inspect, { ...options, signal: cancel.signal }));
  cancel.abort();
  t.is((await sent).code, 'CANCELLED');
  await host.stop();
});

test('a session that breaks while a command waits rejects it with AGENT_LOST, and the node is down', async (t) => {
  const host = await startSessionHost();
  const { call } = await open(host, 'edge-1');
  const sent = rejectionOf(host.agents.send('edge-1', inspect, options));
  await nextCommand(call);
  call.cancel();
  t.is((await sent).code, 'AGENT_LOST');
  await until(() => !host.agents.isConnected('edge-1'));
  t.is(host.nodes.require('edge-1').state, 'down');
  t.deepEqual(host.events.types(), ['node.up', 'node.down']);
  t.is((await rejectionOf(host.agents.send('edge-1', inspect, options))).code, 'NODE_DOWN');
  await host.stop();
});

test('a second session of a node replaces the first, which is told so', async (t) => {
  const host = await startSessionHost();
  const first = await open(host, 'edge-1');
  const waiting = rejectionOf(host.agents.send('edge-1', inspect, options));
  const second = await open(host, 'edge-1');
  t.is((await waiting).code, 'AGENT_LOST');
  t.is((await errorOf(first.call)).code, 'NODE_EXISTS');
  void host.agents.send('edge-1', inspect, options).catch(() => undefined);
  t.like(await nextCommand(second.call), { body: inspect });
  t.deepEqual(host.events.types(), ['node.up']);
  await host.stop();
});

test('an agent that speaks for another node is refused', async (t) => {
  const host = await startSessionHost();
  const call = (await host.client('edge-1')).connect();
  call.write({ body: { $case: 'hello', value: aHello('edge-2') } });
  const refusal = await errorOf(call);
  t.is(refusal.code, 'PERMISSION_DENIED');
  t.regex(refusal.message, /edge-1.*edge-2/);
  t.deepEqual(host.nodes.list(), []);
  await host.stop();
});

const badStarts: [string, ConnectRequest, ErrorCode][] = [
  ['a heartbeat', { body: { $case: 'heartbeat', value: { seq: 1, containers: [] } } }, 'BAD_MESSAGE'],
  ['an empty message', {}, 'BAD_MESSAGE'],
];
for (const [title, message, code] of badStarts) {
  test(`a session that begins with ${title} is refused`, async (t) => {
    const host = await startSessionHost();
    const call = (await host.client('edge-1')).connect();
    call.write(message);
    t.is((await errorOf(call)).code, code);
    await host.stop();
  });
}

test('a connection that says nothing is ended', async (t) => {
  const host = await startSessionHost({ helloMs: 20 });
  const call = (await host.client('edge-1')).connect();
  t.is((await errorOf(call)).code, 'TIMEOUT');
  await host.stop();
});

test('a second Hello ends the session', async (t) => {
  const host = await startSessionHost();
  const { call } = await open(host, 'edge-1');
  call.write({ body: { $case: 'hello', value: aHello('edge-1') } });
  t.is((await errorOf(call)).code, 'BAD_MESSAGE');
  await until(() => !host.agents.isConnected('edge-1'));
  await host.stop();
});

test('messages that make no sense are ignored one by one', async (t) => {
  const host = await startSessionHost();
  const { call } = await open(host, 'edge-1');
  call.write({});
  call.write({ body: { $case: 'result', value: { commandId: 'nobody asked' } } });
  beat(call, 5, 700);
  beat(call, 5, 300);
  beat(call, 4, 200);
  beat(call, 6, 600);
  await until(() => host.nodes.require('edge-1').memory?.availableBytes === 600);
  t.true(host.agents.isConnected('edge-1'));
  t.deepEqual(host.refusals, []);
  await host.stop();
});

test('a result without an outcome fails the command', async (t) => {
  const host = await startSessionHost();
  const { call } = await open(host, 'edge-1');
  const sent = rejectionOf(host.agents.send('edge-1', inspect, options));
  call.write({ body: { $case: 'result', value: { commandId: (await nextCommand(call)).id } } });
  t.is((await sent).code, 'BAD_MESSAGE');
  await host.stop();
});

test('a node that falls silent is down, although its connection stands, and up with its next report', async (t) => {
  const host = await startSessionHost({ staleAfterMs: 30 });
  const { call } = await open(host, 'edge-1');
  await until(() => host.events.types().includes('node.down'));
  await until(() => host.nodes.require('edge-1').state === 'down');
  beat(call, 1, 1);
  await until(() => host.events.types().filter((type) => type === 'node.up').length === 2);
  t.deepEqual(host.events.types().slice(0, 3), ['node.up', 'node.down', 'node.up']);
  await host.stop();
});

test('signals reach every listener once, even when one of them fails or the agent repeats itself', async (t) => {
  const host = await startSessionHost();
  const { call } = await open(host, 'edge-1');
  const heard: string[] = [];
  host.agents.onSignal(() => {
    throw new Error('a listener with a mistake');
  });
  host.agents.onSignal((node, signal) => heard.push(`${node} ${signal.migrationId} ${signal.body?.$case}`));
  const restored = HandoverSignal.fromPartial({ migrationId: 'm1', body: { $case: 'restored', value: {} } });
  for (const value of [restored, restored, { ...restored, migrationId: 'm2' }]) {
    call.write({ body: { $case: 'signal', value } });
  }
  await until(() => heard.length >= 2);
  t.deepEqual(heard, ['edge-1 m1 restored', 'edge-1 m2 restored']);
  await host.stop();
});

test('whoever waits for a node is woken when it connects, or by its own signal', async (t) => {
  const host = await startSessionHost();
  const patient = host.agents.waitUntilConnected('edge-1', new AbortController().signal);
  const reason = new DroverError('TIMEOUT', 'Too long.');
  await t.throwsAsync(host.agents.waitUntilConnected('edge-1', AbortSignal.abort(reason)), { is: reason });
  await open(host, 'edge-1');
  await t.notThrowsAsync(patient);
  await t.notThrowsAsync(host.agents.waitUntilConnected('edge-1', new AbortController().signal));
  await host.stop();
});
