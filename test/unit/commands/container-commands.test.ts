import { setImmediate as turn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { containerCommands } from '../../../node-agent/commands/container-commands.ts';
import type { LogOptions } from '../../../node-agent/docker/engine-port.ts';
import { openLedger } from '../../../node-agent/workloads/ledger.ts';
import { aContainer } from '../../support/a-fleet.ts';
import { FakeDocker } from '../../support/fake-docker.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { silentLog as log } from '../../support/silent-log.ts';
import { temporaryDirectory } from '../../support/tls.ts';

const createJson = JSON.stringify({ Image: 'drover/app', HostConfig: { Runtime: 'runc', Memory: 7 } });
const order = { workload: 'web', epoch: 1, createJson };

async function aNode(t: ExecutionContext) {
  const directory = await temporaryDirectory(t);
  const [docker, ledger] = [new FakeDocker(directory), await openLedger(directory)];
  docker.images.add('drover/app');
  const outputs: { streamId: string; logs: LogOptions }[] = [];
  const asked: LogOptions[] = [];
  const engine = Object.assign(docker, {
    async *logs(_: string, options: LogOptions) {
      asked.push(options);
      yield* [];
    },
  }).engine;
  const sendOutput = async (streamId: string, logs: (signal: AbortSignal) => AsyncIterable<unknown>) => {
    for await (const _ of logs(new AbortController().signal));
    const [options] = asked.slice(-1);
    if (options) outputs.push({ streamId, logs: options });
    throw new Error('the stream broke');
  };
  const reports = {
    memory: async () => ({}) as never,
    containers: async () => [],
    ofContainer: async (containerId: string) => aContainer({ containerId }),
  } as never;
  const commands = containerCommands({ engine, ledger, reports, log, session: () => ({ sendOutput }) as never });
  return { docker, ledger, commands, outputs };
}

test('a new container runs under the runtime that can restore it, and is in the ledger before it starts', async (t) => {
  const { docker, ledger, commands } = await aNode(t);
  const done = await commands.run(order);
  t.is(done.containerId, 'id-of-web');
  t.is(done.container?.containerId, 'id-of-web');
  t.like(docker.containers.get('id-of-web')?.body.HostConfig, { Runtime: 'drover', Memory: 7 });
  t.true(docker.containers.get('id-of-web')?.running);
  t.deepEqual(ledger.get('web'), { workload: 'web', containerId: 'id-of-web', epoch: 1 });
});

test('the same order again finds the container, and makes no second one', async (t) => {
  const { docker, commands } = await aNode(t);
  await commands.run(order);
  const before = [...docker.changes];
  t.is((await commands.run(order)).containerId, 'id-of-web');
  t.deepEqual(docker.changes, before);
});

test('an image that is not there is refused before anything is made', async (t) => {
  const { docker, commands } = await aNode(t);
  docker.images.clear();
  t.is((await rejectionOf(commands.run(order))).code, 'IMAGE_NOT_FOUND');
  t.deepEqual(docker.changes, []);
});

test('an order that cannot be read is refused before anything is made', async (t) => {
  const { docker, commands } = await aNode(t);
  t.is((await rejectionOf(commands.run({ ...order, createJson: '{"Image":' }))).code, 'BAD_MESSAGE');
  t.deepEqual(docker.changes, []);
});

test('a container that does not start leaves neither itself nor an entry', async (t) => {
  const { docker, ledger, commands } = await aNode(t);
  docker.failing.set('start', 'DOCKER_FAILED');
  t.is((await rejectionOf(commands.run(order))).code, 'DOCKER_FAILED');
  t.deepEqual([...docker.containers.keys()], []);
  t.is(ledger.get('web'), undefined);
});

test('a container of somebody else with the same name is left alone', async (t) => {
  const { docker, ledger, commands } = await aNode(t);
  await docker.create('web', { Image: 'other', HostConfig: {} });
  t.is((await rejectionOf(commands.run(order))).code, 'WORKLOAD_EXISTS');
  t.true(docker.containers.has('id-of-web'));
  t.is(ledger.get('web'), undefined);
});

test('a container is adopted under its own name', async (t) => {
  const { docker, ledger, commands } = await aNode(t);
  await docker.create('old', { Image: 'other', HostConfig: {} });
  docker.changes.length = 0;
  t.is((await commands.adopt({ container: 'id-of-old', epoch: 3 })).containerId, 'id-of-old');
  t.deepEqual(ledger.get('old'), { workload: 'old', containerId: 'id-of-old', epoch: 3 });
  t.deepEqual(docker.changes, []);
  t.is((await rejectionOf(commands.adopt({ container: 'none', epoch: 1 }))).code, 'CONTAINER_NOT_FOUND');
});

test('removing takes the container and its entry, and may be repeated', async (t) => {
  const { docker, ledger, commands } = await aNode(t);
  await commands.run(order);
  for (let n = 0; n < 2; n++) t.deepEqual(await commands.remove({ workload: 'web', epoch: 1 }), {});
  t.deepEqual([...docker.containers.keys()], []);
  t.is(ledger.get('web'), undefined);
});

test('a removal that fails keeps the entry, so that it can be repeated', async (t) => {
  const { docker, ledger, commands } = await aNode(t);
  await commands.run(order);
  docker.failing.set('remove', 'DOCKER_FAILED');
  t.is((await rejectionOf(commands.remove({ workload: 'web', epoch: 1 }))).code, 'DOCKER_FAILED');
  t.not(ledger.get('web'), undefined);
});

test('what is not held here can be neither shown nor followed', async (t) => {
  const { commands } = await aNode(t);
  const { signal } = new AbortController();
  for (const attempt of [
    commands.inspect({ workload: 'web' }),
    commands.followLogs({ streamId: 's', workload: 'web', follow: true, tail: undefined }, signal),
  ]) {
    t.is((await rejectionOf(attempt)).code, 'WORKLOAD_NOT_FOUND');
  }
});

test('an inspect is the engine’s own words', async (t) => {
  const { docker, commands } = await aNode(t);
  await commands.run(order);
  const { inspectJson = '' } = await commands.inspect({ workload: 'web' });
  t.deepEqual(JSON.parse(inspectJson), JSON.parse(JSON.stringify(await docker.inspect('id-of-web'))));
});

test('logs go their own way: the answer does not wait for them, and their failure is not its', async (t) => {
  const { commands, outputs } = await aNode(t);
  await commands.run(order);
  const { signal } = new AbortController();
  t.deepEqual(await commands.followLogs({ streamId: 's-1', workload: 'web', follow: true, tail: 5 }, signal), {});
  await turn();
  t.is(outputs[0]?.streamId, 's-1');
  t.like(outputs[0]?.logs, { follow: true, tail: 5 });
});
