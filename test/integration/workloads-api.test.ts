import test from 'ava';
import { CommandDone, DroverError, RunWorkloadRequest, WorkloadState } from '../../proto/index.ts';
import { aContainer } from '../support/a-fleet.ts';
import { startTestCoordinator } from '../support/coordinator-host.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { until } from '../support/until.ts';

const createJson = JSON.stringify({ Image: 'drover/fn-node' });
const run = (changes: Partial<RunWorkloadRequest> = {}) => RunWorkloadRequest.fromPartial({ createJson, ...changes });

test('a workload runs where the policy puts it, with epoch 1', async (t) => {
  const host = await startTestCoordinator(t);
  const engine = fakeEngine();
  await host.agent('edge-1', engine);
  const { client, unary } = await host.client();
  const { workload, reason } = await unary(client, client.runWorkload, run({ name: 'web' }));
  t.like(workload, { name: 'web', node: 'edge-1', epoch: 1, state: WorkloadState.RUNNING, migratable: true });
  t.is(workload?.containerId, 'id-of-web');
  t.regex(reason, /edge-1 keeps the most memory free/);
  const { inspectJson } = await unary(client, client.getWorkload, { name: 'web' });
  t.is(inspectJson, '{"Id":"1"}');
  t.is((await rejectionOf(unary(client, client.runWorkload, run({ name: 'web' })))).code, 'WORKLOAD_EXISTS');
});

test('a workload without a name takes the one of its container, or gets one made up', async (t) => {
  const host = await startTestCoordinator(t);
  await host.agent('edge-1', fakeEngine());
  const { client, unary } = await host.client();
  const named = run({ createJson: JSON.stringify({ name: 'cache', Image: 'redis' }) });
  t.is((await unary(client, client.runWorkload, named)).workload?.name, 'cache');
  t.regex((await unary(client, client.runWorkload, run())).workload?.name ?? '', /^[a-z]+-[a-z]+$/);
});

test('a dry run checks everything and does nothing', async (t) => {
  const host = await startTestCoordinator(t);
  const engine = fakeEngine();
  await host.agent('edge-1', engine);
  const { client, unary } = await host.client();
  const { workload } = await unary(client, client.runWorkload, run({ name: 'web', dryRun: true }));
  t.like(workload, { name: 'web', node: 'edge-1' });
  t.deepEqual(engine.seen, []);
  t.deepEqual((await unary(client, client.listWorkloads, { node: '', all: false })).workloads, []);
  t.is(
    (await rejectionOf(unary(client, client.runWorkload, run({ node: 'edge-9', dryRun: true })))).code,
    'NODE_NOT_FOUND',
  );
});

test('a cordoned node takes no workload, neither by name nor by policy', async (t) => {
  const host = await startTestCoordinator(t);
  await host.agent('edge-1', fakeEngine());
  const { client, unary } = await host.client();
  await unary(client, client.cordonNode, { name: 'edge-1', cordoned: true });
  t.is((await rejectionOf(unary(client, client.runWorkload, run({ node: 'edge-1' })))).code, 'NODE_CORDONED');
  const refusal = await rejectionOf(unary(client, client.runWorkload, run()));
  t.like(refusal, { code: 'NO_TARGET', details: { 'edge-1': 'it is cordoned' } });
});

test('a workload whose container could not be made leaves nothing behind', async (t) => {
  const host = await startTestCoordinator(t);
  await host.agent('edge-1', {
    execute: async () => {
      throw new DroverError('IMAGE_NOT_FOUND', 'There is no such image.');
    },
  });
  const { client, unary } = await host.client();
  t.is((await rejectionOf(unary(client, client.runWorkload, run({ name: 'web' })))).code, 'IMAGE_NOT_FOUND');
  t.deepEqual((await unary(client, client.listWorkloads, { node: '', all: false })).workloads, []);
});

test('a run that timed out is undone', async (t) => {
  const host = await startTestCoordinator(t, { timeouts: { runMs: 50 } });
  const seen: string[] = [];
  await host.agent('edge-1', {
    execute: (command, signal) => {
      seen.push(String(command.body?.$case));
      if (command.body?.$case !== 'runContainer') return Promise.resolve(CommandDone.fromPartial({}));
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  });
  const { client, unary } = await host.client();
  t.is((await rejectionOf(unary(client, client.runWorkload, run({ name: 'web' })))).code, 'TIMEOUT');
  t.deepEqual(seen, ['runContainer', 'removeContainer']);
  t.deepEqual((await unary(client, client.listWorkloads, { node: '', all: false })).workloads, []);
});

test('what cannot be used as a definition or a name is refused', async (t) => {
  const host = await startTestCoordinator(t);
  await host.agent('edge-1', fakeEngine());
  const { client, unary } = await host.client();
  for (const request of [run({ createJson: '{}' }), run({ createJson: 'x' }), run({ name: '../web' })]) {
    t.is((await rejectionOf(unary(client, client.runWorkload, request))).code, 'INVALID_ARGUMENT');
  }
});

test('a container is adopted by name, and one that is labelled by itself', async (t) => {
  const host = await startTestCoordinator(t);
  const byHand = aContainer({ containerId: 'id-of-cache', name: 'cache' });
  const labelled = aContainer({ containerId: 'id-of-web', labels: { 'drover.enable': 'true' } });
  const engine = fakeEngine([byHand, labelled]);
  await host.agent('edge-1', engine);
  const { client, unary } = await host.client();
  const adopt = (container: string) =>
    unary(client, client.adoptWorkload, { node: 'edge-1', container, dryRun: false });
  const list = async (all = false) => (await unary(client, client.listWorkloads, { node: '', all })).workloads;
  await until(() => host.nodes.require('edge-1').containers.length === 2);
  t.like((await adopt('cache')).workload, { name: 'cache', epoch: 1, state: WorkloadState.RUNNING });
  t.is((await rejectionOf(adopt('cache'))).code, 'WORKLOAD_EXISTS');
  t.is((await rejectionOf(adopt('nothing'))).code, 'CONTAINER_NOT_FOUND');
  let names: string[] = [];
  for await (const event of host.events.watch(undefined, AbortSignal.timeout(5000))) {
    if (event.type === 'workload.adopted') names.push(event.workload);
    if (names.length === 2) break;
  }
  names = names.sort();
  t.deepEqual(names, ['cache', 'web']);
  t.deepEqual(
    (await list()).map(({ name }) => name),
    ['cache', 'web'],
  );
});

test('containers that Drover does not manage are shown only when asked for', async (t) => {
  const host = await startTestCoordinator(t);
  await host.agent('edge-1', fakeEngine([aContainer({ name: 'plain' })]));
  const { client, unary } = await host.client();
  await until(() => host.nodes.require('edge-1').containers.length === 1);
  const list = async (all: boolean) => (await unary(client, client.listWorkloads, { node: 'edge-1', all })).workloads;
  t.deepEqual(await list(false), []);
  t.like((await list(true))[0], { name: 'plain', epoch: 0, migratable: false });
});

test('removing a workload removes its container first', async (t) => {
  const host = await startTestCoordinator(t);
  const engine = fakeEngine();
  await host.agent('edge-1', engine);
  const { client, unary } = await host.client();
  await unary(client, client.runWorkload, run({ name: 'web' }));
  t.like((await unary(client, client.removeWorkload, { name: 'web', dryRun: true })).workload, { name: 'web' });
  t.is(engine.containers.size, 1);
  await unary(client, client.removeWorkload, { name: 'web', dryRun: false });
  t.is(engine.containers.size, 0);
  t.is((await rejectionOf(unary(client, client.getWorkload, { name: 'web' }))).code, 'WORKLOAD_NOT_FOUND');
});
