import test from 'ava';
import type { DockerCall } from '../../../node-agent/docker/docker-errors.ts';
import { dockerError } from '../../../node-agent/docker/docker-errors.ts';
import { DroverError, type ErrorCode } from '../../../proto/index.ts';

const inspect: DockerCall = { what: 'inspect container web', subject: 'web', notFound: 'CONTAINER_NOT_FOUND' };
const create: DockerCall = { what: 'create container web', subject: 'web', image: 'img', conflict: 'WORKLOAD_EXISTS' };
const answer = (statusCode: number, message: string) =>
  Object.assign(new Error(`(HTTP code ${statusCode})`), { statusCode, json: { message } });

const becomes = test.macro((t, error: unknown, call: DockerCall, code: ErrorCode, sentence: RegExp) => {
  const mapped = dockerError(error, call, '/run/docker.sock');
  t.is(mapped.code, code);
  t.regex(mapped.message, sentence);
});

test(
  'no socket',
  becomes,
  Object.assign(new Error('x'), { code: 'ENOENT' }),
  inspect,
  'DOCKER_UNREACHABLE',
  /docker\.sock \(ENOENT\)/,
);
test(
  'nobody behind the socket',
  becomes,
  Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
  inspect,
  'DOCKER_UNREACHABLE',
  /systemctl start docker/,
);
test(
  'no container',
  becomes,
  answer(404, 'No such container: web'),
  inspect,
  'CONTAINER_NOT_FOUND',
  /no container web/,
);
test(
  'no image to create from',
  becomes,
  answer(404, 'No such image: img:latest'),
  create,
  'IMAGE_NOT_FOUND',
  /no image img /,
);
test(
  'a name that is taken',
  becomes,
  answer(409, 'Conflict. The container name "/web" is already in use'),
  create,
  'WORKLOAD_EXISTS',
  /container called web/,
);
test(
  "anything else keeps Docker's own message",
  becomes,
  answer(500, 'driver failed.'),
  inspect,
  'DOCKER_FAILED',
  /could not inspect container web: driver failed\.$/,
);
test(
  'a missing network is no missing container',
  becomes,
  answer(404, 'network x not found'),
  create,
  'DOCKER_FAILED',
  /network x not found/,
);

test('a Drover error stays as it is', (t) => {
  const error = new DroverError('TIMEOUT', 'x');
  t.is(dockerError(error, inspect, ''), error);
});
