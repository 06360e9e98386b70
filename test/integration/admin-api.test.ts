import { once } from 'node:events';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import test from 'ava';
import { openMemoryStore } from '../../coordinator/store/memory-store.ts';
import {
  CommandDone,
  channelOptions,
  coordinatorIdentity,
  DroverError,
  type Event,
  NodeState,
  RunWorkloadRequest,
  WorkloadState,
} from '../../proto/index.ts';
import { startTestCoordinator } from '../support/coordinator-host.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { until } from '../support/until.ts';

const createJson = JSON.stringify({ Image: 'drover/fn-node' });
const run = (changes: Partial<RunWorkloadRequest> = {}) => RunWorkloadRequest.fromPartial({ createJson, ...changes });

test('only an administrator may ask', async (t) => {
  const host = await startTestCoordinator(t);
  const { client, unary } = await host.client('node');
  t.is((await rejectionOf(unary(client, client.listNodes, {}))).code, 'PERMISSION_DENIED');
  const [refusal] = await host.events.read();
  t.like(refusal, { type: 'call.refused', details: { code: 'PERMISSION_DENIED' } });
  await t.throwsAsync(unary(client, client.removeNode, { name: 'edge-1' }), { code: 'PERMISSION_DENIED' });
});

test('nodes are listed with their state and cordoned', async (t) => {
  const host = await startTestCoordinator(t);
  await host.agent('edge-1');
  const { client, unary } = await host.client();
  const { nodes } = await unary(client, client.listNodes, {});
  t.like(nodes[0], { name: 'edge-1', state: NodeState.READY, pressure: 'ok', workloads: 0, agentVersion: 'test' });
  const { node } = await unary(client, client.cordonNode, { name: 'edge-1', cordoned: true });
  t.like(node, { state: NodeState.CORDONED, cordoned: true });
  t.is((await rejectionOf(unary(client, client.getNode, { name: 'edge-9' }))).code, 'NODE_NOT_FOUND');
});

test('a node is removed only when it is empty, and cannot come back', async (t) => {
  const host = await startTestCoordinator(t);
  const agent = await host.agent('edge-1', fakeEngine());
  const { client, unary } = await host.client();
  await unary(client, client.runWorkload, run({ name: 'web' }));
  const refusal = await rejectionOf(unary(client, client.removeNode, { name: 'edge-1' }));
  t.like(refusal, { code: 'NODE_NOT_EMPTY', details: { workloads: 'web' } });
  await unary(client, client.removeWorkload, { name: 'web', dryRun: false });
  await unary(client, client.removeNode, { name: 'edge-1' });
  t.is(host.revoked.size, 1);
  t.deepEqual((await unary(client, client.listNodes, {})).nodes, []);
  await until(() => !agent.connected);
});

test('logs flow to the administrator and end when that goes away', async (t) => {
  const host = await startTestCoordinator(t);
  let stopped = false;
  const agent = await host.agent('edge-1', {
    ...fakeEngine(),
    execute: async (command, signal) => {
      if (command.body?.$case !== 'followLogs') return fakeEngine().execute(command, signal);
      const { streamId } = command.body.value;
      void agent.sendOutput(streamId, endless, new AbortController().signal).catch(() => undefined);
      return CommandDone.fromPartial({});
    },
  });
  async function* endless(signal: AbortSignal) {
    signal.addEventListener('abort', () => (stopped = true), { once: true });
    for (let n = 1; !signal.aborted; n++) {
      yield { stream: 'stdout' as const, data: Buffer.from(`line ${n}\n`) };
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const { client, unary, stream } = await host.client();
  await unary(client, client.runWorkload, run({ name: 'web' }));
  for await (const { data } of stream(client.streamLogs({ workload: 'web', follow: true }))) {
    t.is(data.toString(), 'line 1\n');
    break;
  }
  await until(() => stopped);
});

test('logs of a workload that the agent cannot find fail with its reason', async (t) => {
  const host = await startTestCoordinator(t);
  const engine = fakeEngine();
  await host.agent('edge-1', {
    ...engine,
    execute: async (command, signal) => {
      if (command.body?.$case === 'followLogs') throw new DroverError('CONTAINER_NOT_FOUND', 'It is gone.');
      return engine.execute(command, signal);
    },
  });
  const { client, unary, stream } = await host.client();
  await unary(client, client.runWorkload, run({ name: 'web' }));
  const reading = stream(client.streamLogs({ workload: 'web', follow: false })).next();
  t.is((await rejectionOf(reading)).code, 'CONTAINER_NOT_FOUND');
});

test('events are read, and watched as they happen', async (t) => {
  const host = await startTestCoordinator(t);
  await host.agent('edge-1');
  const { client, unary, stream } = await host.client();
  const types: string[] = [];
  for await (const { event } of stream(client.streamEvents({ watch: true }))) {
    types.push((event as Event).type);
    if (types.length === 1) await unary(client, client.cordonNode, { name: 'edge-1', cordoned: true });
    if (types.length === 2) break;
  }
  t.deepEqual(types, ['node.up', 'node.cordoned']);
  const read: string[] = [];
  for await (const { event } of stream(client.streamEvents({ watch: false }))) read.push((event as Event).type);
  t.deepEqual(read, types);
});

test('tokens have a bounded life, and leave a trace', async (t) => {
  const host = await startTestCoordinator(t);
  const { client, unary } = await host.client();
  const { token, secret } = await unary(client, client.createToken, { ttlSeconds: 0 });
  t.deepEqual([token?.expiresAt, secret], [new Date(3 * 3600 * 1000), 'secret']);
  t.is((await unary(client, client.listTokens, {})).tokens.length, 1);
  t.is((await unary(client, client.revokeToken, { id: 't1' })).token?.state, 'revoked');
  t.is((await rejectionOf(unary(client, client.revokeToken, { id: 't9' }))).code, 'TOKEN_NOT_FOUND');
  t.is((await rejectionOf(unary(client, client.createToken, { ttlSeconds: 2 ** 31 }))).code, 'INVALID_ARGUMENT');
  t.deepEqual(
    (await host.events.read()).map(({ type }) => type),
    ['token.created', 'token.revoked'],
  );
});

test('health is served to whoever asks, without a certificate', async (t) => {
  const host = await startTestCoordinator(t);
  t.deepEqual(await callAnonymously(host.address, healthCheck, { service: 'drover.v1.AdminService' }), { status: 1 });
});

test('reflection lists the services', async (t) => {
  const host = await startTestCoordinator(t);
  const client = anonymousClient(host.address);
  const { path, requestSerialize, responseDeserialize } = reflectionInfo;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  call.write({ listServices: '' });
  const [answer] = await once(call, 'data');
  call.end();
  client.close();
  const names = answer.listServicesResponse.service.map(({ name }: { name: string }) => name);
  t.true(names.includes('drover.v1.AdminService'), names.join());
});

test('a coordinator that starts again knows its workloads and nodes, and stops twice without harm', async (t) => {
  const store = await openMemoryStore();
  const first = await startTestCoordinator(t, { store });
  await first.agent('edge-1', fakeEngine());
  const { client, unary } = await first.client();
  await unary(client, client.runWorkload, run({ name: 'web' }));
  await Promise.all([first.stop(), first.stop()]);
  const second = await startTestCoordinator(t, { store });
  const again = await second.client();
  const { workloads } = await again.unary(again.client, again.client.listWorkloads, { node: '', all: false });
  t.like(workloads[0], { name: 'web', node: 'edge-1', state: WorkloadState.LOST });
  const refusal = await rejectionOf(
    again.unary(again.client, again.client.removeWorkload, { name: 'web', dryRun: false }),
  );
  t.is(refusal.code, 'NODE_DOWN');
});

interface Method {
  readonly path: string;
  readonly requestSerialize: (value: object) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => object;
}

const healthService = loadSync('health/v1/health.proto', { includeDirs: ['node_modules/grpc-health-check/proto'] })[
  'grpc.health.v1.Health'
] as unknown as { Check: Method };
const healthCheck = healthService.Check;

const reflectionService = loadSync('grpc/reflection/v1/reflection.proto', {
  includeDirs: ['node_modules/@grpc/reflection/build/proto'],
})['grpc.reflection.v1.ServerReflection'] as unknown as { ServerReflectionInfo: Method };
const reflectionInfo = reflectionService.ServerReflectionInfo;

function anonymousClient(address: string): Client {
  const anyone = credentials.createSsl(null, null, null, { rejectUnauthorized: false });
  return new Client(address, anyone, channelOptions(coordinatorIdentity));
}

function callAnonymously(address: string, method: Method, request: object): Promise<unknown> {
  const client = anonymousClient(address);
  const { path, requestSerialize, responseDeserialize } = method;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, new Metadata(), (error, response) => {
      client.close();
      if (error) reject(error);
      else resolve(response);
    });
  });
}
