import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import anyTest, { type TestFn } from 'ava';
import type { LogChunk } from '../../node-agent/docker/engine-port.ts';
import { labEngine, labExec } from '../support/lab.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { untilTrue } from '../support/until-true.ts';

type Lab = Awaited<ReturnType<typeof labEngine>>;
const test = anyTest as TestFn<{ lab: Lab; name: string }>;
const forever = () => new AbortController().signal;
const say = ['busybox', 'sh', '-c', 'echo one; echo two >&2; echo "{}"'];

test.beforeEach(async (t) => {
  t.context = { lab: await labEngine('edge-1'), name: `h4-eng-${randomBytes(4).toString('hex')}` };
});

test.afterEach.always(async (t) => {
  await t.context.lab.engine.remove(t.context.name, { force: true });
  await t.context.lab.close();
});

async function collect(chunks: AsyncIterable<LogChunk>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { stream, data } of chunks) seen.push(`${stream}:${data.toString().trim()}`);
  return seen;
}

test('the engine says what it is', async (t) => {
  const info = await t.context.lab.engine.info();
  t.is(info.storageDriver, 'overlay2');
  t.regex(info.version, /^\d+\./);
  t.true(info.runtimes.includes('runc'));
  t.not(info.runcVersion, '');
});

test('a container lives and ends', async (t) => {
  const { lab, name } = t.context;
  const body = { Image: 'drover/counter', Cmd: say, HostConfig: {}, Labels: { a: 'b' } };
  const id = await lab.engine.create(name, body);
  t.is((await rejectionOf(lab.engine.create(name, body))).code, 'WORKLOAD_EXISTS');
  await lab.engine.start(id);
  t.is(await lab.engine.waitUntilStopped(id, forever()), 0);
  // Docker's list follows a moment after its wait.
  const exited = async () => (await lab.engine.list()).find((one) => one.id === id && one.state === 'exited');
  t.like(await untilTrue(exited, 'it is listed as exited'), { name, image: 'drover/counter', labels: { a: 'b' } });
  t.deepEqual((await collect(lab.engine.logs(id, { follow: false, signal: forever() }))).sort(), [
    'stderr:two',
    'stdout:one',
    'stdout:{}',
  ]);
  t.is((await collect(lab.engine.logs(name, { follow: true, tail: 1, signal: forever() }))).length, 1);
  await lab.engine.remove(id, { force: true });
  await lab.engine.remove(id, { force: true });
  t.is((await rejectionOf(lab.engine.inspect(id))).code, 'CONTAINER_NOT_FOUND');
});

test('an image that is not there is said so', async (t) => {
  const { lab, name } = t.context;
  t.is((await rejectionOf(lab.engine.create(name, { Image: 'no/such', HostConfig: {} }))).code, 'IMAGE_NOT_FOUND');
  t.is(await lab.engine.findImage('no/such'), undefined);
  t.false(await lab.engine.hasImage(`sha256:${'0'.repeat(64)}`));
  t.is((await rejectionOf(lab.engine.saveImage('no/such'))).code, 'IMAGE_NOT_FOUND');
});

test('what is no archive cannot be loaded', async (t) => {
  const rubbish = Readable.from([Buffer.from('this is no tar archive, whatever Docker may think of it')]);
  t.is((await rejectionOf(t.context.lab.engine.loadImage(rubbish))).code, 'DOCKER_FAILED');
});

test('output is followed until the signal is aborted', async (t) => {
  const { lab, name } = t.context;
  await labExec('edge-1', 'docker', 'run', '-d', '--name', name, 'drover/counter');
  const stop = new AbortController();
  const chunks = lab.engine.logs(name, { follow: true, signal: stop.signal });
  t.false((await chunks.next()).done);
  const rest = collect(chunks);
  stop.abort();
  t.true(Array.isArray(await rest));
});

test('events tell of a container, and end with the signal', async (t) => {
  const { lab, name } = t.context;
  const stop = new AbortController();
  const events = lab.engine.events(stop.signal);
  const body = { Image: 'drover/counter', HostConfig: {} };
  const first = events.next();
  // Docker does not say when it has begun to listen: until it is heard, containers come and go.
  const comeAndGo = async () => lab.engine.remove(await lab.engine.create(`${name}-0`, body), { force: true });
  while (!(await Promise.race([first.then(() => true), comeAndGo().then(() => false)])));
  const id = await lab.engine.create(name, body);
  let event = await first;
  while (!event.done && event.value.containerId !== id) event = await events.next();
  t.like(event.value, { action: 'create', name });
  stop.abort();
  let ended = await events.next();
  while (!ended.done) ended = await events.next();
  t.true(ended.done);
});

test('a restart policy is set on a container that runs', async (t) => {
  const { lab, name } = t.context;
  await labExec('edge-1', 'docker', 'run', '-d', '--name', name, '--restart', 'always', 'drover/counter');
  await lab.engine.setRestartPolicy(name, { Name: 'no' });
  t.is((await lab.engine.inspect(name)).HostConfig.RestartPolicy?.Name, 'no');
  await lab.engine.stop(name, 0);
  await lab.engine.stop(name, 0);
  t.false((await lab.engine.inspect(name)).State.Running);
});
