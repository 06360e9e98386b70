import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import {
  AgentSessionServiceClient,
  AgentSessionServiceService,
  CommandDone,
  type ConnectRequest,
  channelOptions,
  clientCredentials,
  coordinatorIdentity,
} from '../../proto/index.ts';
import { type Call, errorOf, inspect, nextCommand, open, options } from '../support/raw-session.ts';
import { aHello, type SessionHost, startSessionHost } from '../support/session-host.ts';
import { until } from '../support/until.ts';

test('bytes that are no message end only the session that sent them', async (t) => {
  const host = await startSessionHost();
  const good = await open(host, 'edge-1');
  const client = await host.client('edge-2');
  const { path, responseDeserialize } = AgentSessionServiceService.connect;
  const raw = (bytes: Buffer) => bytes;
  const call = client.makeBidiStreamRequest(path, raw, responseDeserialize);
  call.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]));
  await errorOf(call as unknown as Call);
  await answersCommands(t, host, good.call);
  await host.stop();
});

test('a session that is open and then sends bytes that are no message is ended', async (t) => {
  const host = await startSessionHost();
  const client = await host.client('edge-1');
  const { path, requestSerialize, responseDeserialize } = AgentSessionServiceService.connect;
  const serialize = (message: ConnectRequest | Buffer) =>
    Buffer.isBuffer(message) ? message : requestSerialize(message);
  const call = client.makeBidiStreamRequest(path, serialize, responseDeserialize);
  call.write({ body: { $case: 'hello', value: aHello('edge-1') } });
  await once(call, 'data');
  call.write(Buffer.from([0x0a, 0x7f, 0x01]));
  await errorOf(call as unknown as Call);
  await until(() => !host.agents.isConnected('edge-1'));
  t.is(host.nodes.require('edge-1').state, 'down');
  await host.stop();
});

test('garbage on the port, plain or inside TLS, does not disturb others', async (t) => {
  const host = await startSessionHost();
  const { call } = await open(host, 'edge-1');
  const plain = connectTcp(host.port, '127.0.0.1', () => plain.write(Buffer.alloc(4096, 0x5a)));
  plain.on('error', () => undefined);
  await once(plain, 'close');
  const inside = connectTls(
    { port: host.port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] },
    () => inside.write(Buffer.alloc(4096, 0x5a)),
  );
  inside.on('error', () => undefined);
  inside.resume();
  await once(inside, 'close');
  await answersCommands(t, host, call);
  await host.stop();
});

test('a caller without a certificate learns that it needs one', async (t) => {
  const host = await startSessionHost();
  const { caPem } = await host.certificate('edge-1');
  const anyone = clientCredentials({ caPem });
  const client = new AgentSessionServiceClient(host.address, anyone, channelOptions(coordinatorIdentity));
  const call = client.connect();
  call.write({ body: { $case: 'hello', value: aHello('edge-1') } });
  t.is((await errorOf(call)).code, 'UNAUTHENTICATED');
  client.close();
  await host.stop();
});

async function answersCommands(t: ExecutionContext, host: SessionHost, call: Call) {
  const sent = host.agents.send('edge-1', inspect, options);
  const { id } = await nextCommand(call);
  const value = CommandDone.fromPartial({ inspectJson: 'fine' });
  call.write({ body: { $case: 'result', value: { commandId: id, outcome: { $case: 'done', value } } } });
  t.is((await sent).inspectJson, 'fine');
}
