import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { DockerEngine } from '../../../node-agent/docker/docker-engine.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

interface Context {
  readonly directory: string;
  readonly serve: (listener: RequestListener) => Promise<DockerEngine>;
}
const test = anyTest as TestFn<Context>;
const servers: Server[] = [];

test.beforeEach(async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'drover-docker-'));
  const socketPath = join(directory, 'docker.sock');
  const serve = async (listener: RequestListener) => {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    return new DockerEngine({ socketPath, callTimeoutMs: 100, workTimeoutMs: 100 });
  };
  t.context = { directory, serve };
});

test.afterEach.always((t) => rm(t.context.directory, { recursive: true, force: true }));
test.after.always(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

const silence: RequestListener = () => {};

test('a call that Docker does not answer times out', async (t) => {
  const engine = await t.context.serve(silence);
  t.like(await rejectionOf(engine.inspect('web')), { code: 'TIMEOUT' });
  t.like(await rejectionOf(engine.findImage('img')), { code: 'TIMEOUT' });
});

test('a start waits longer than any timeout, until it is told to stop', async (t) => {
  const stop = new AbortController();
  const engine = await t.context.serve(silence);
  const start = rejectionOf(engine.start('web', stop.signal));
  await rejectionOf(engine.inspect('web'));
  await rejectionOf(engine.inspect('web'));
  stop.abort();
  t.like(await start, { code: 'CANCELLED' });
});

test('an engine that is not there is unreachable, whatever DOCKER_HOST says', async (t) => {
  process.env.DOCKER_HOST = 'tcp://127.0.0.1:1';
  const options = { socketPath: join(t.context.directory, 'none.sock'), callTimeoutMs: 1000, workTimeoutMs: 1000 };
  const engine = new DockerEngine(options);
  delete process.env.DOCKER_HOST;
  const error = await rejectionOf(engine.list());
  t.is(error.code, 'DOCKER_UNREACHABLE');
  t.regex(error.message, /none\.sock/);
});

test('an answer of an unknown form is refused', async (t) => {
  const engine = await t.context.serve((_request, response) => response.end('{"Id":1}'));
  const error = await rejectionOf(engine.inspect('web'));
  t.is(error.code, 'DOCKER_FAILED');
  t.regex(error.message, /at Id/);
});

test('a container started already is fine', async (t) => {
  const engine = await t.context.serve((_request, response) => response.writeHead(304).end());
  await t.notThrowsAsync(engine.start('web'));
});

test('the body of a create call stays out of the URL', async (t) => {
  let url = '';
  let body = '';
  const engine = await t.context.serve((request, response) => {
    url = request.url ?? '';
    request.on('data', (data) => (body += data));
    request.on('end', () => response.writeHead(201).end('{"Id":"abc"}'));
  });
  t.is(await engine.create('web', { Image: 'img', HostConfig: {}, Env: ['SECRET=1'] }), 'abc');
  t.is(url, '/containers/create?name=web');
  t.deepEqual(JSON.parse(body), { Image: 'img', HostConfig: {}, Env: ['SECRET=1'] });
});

test('an image that cannot be loaded is an error, although Docker says 200', async (t) => {
  const { Readable } = await import('node:stream');
  const engine = await t.context.serve((request, response) => {
    request
      .resume()
      .on('end', () => response.end('{"stream":"x"}\n{"errorDetail":{"message":"disk full"},"error":"disk full"}\n'));
  });
  t.regex((await rejectionOf(engine.loadImage(Readable.from([Buffer.from('tar')])))).message, /disk full/);
});
