import test from 'ava';
import { parseCreateBody } from '../../../coordinator/api/create-body.ts';

test('image, name, memory and ports are read, the rest is let through', (t) => {
  const bindings = {
    '80/tcp': [{ HostIp: '10.0.0.1', HostPort: '8080' }],
    '53/udp': [{ HostPort: '' }],
    '99/tcp': null,
  };
  const body = {
    ...{ name: 'web', Image: 'nginx', Cmd: ['nginx'] },
    HostConfig: { Memory: 1000, MemoryReservation: 600, PortBindings: bindings },
  };
  t.deepEqual(parseCreateBody(JSON.stringify(body)), {
    ...{ name: 'web', image: 'nginx', memoryBytes: 600 },
    ports: [
      { hostIp: '10.0.0.1', hostPort: 8080, containerPort: 80, protocol: 'tcp' },
      { hostIp: '', hostPort: 0, containerPort: 53, protocol: 'udp' },
    ],
  });
});

test('what is not said has sound defaults, also when it is null', (t) => {
  const expected = { name: '', image: 'nginx', memoryBytes: 64 * 2 ** 20, ports: [] };
  t.deepEqual(parseCreateBody('{"Image":"nginx"}'), expected);
  t.deepEqual(parseCreateBody('{"Image":"nginx","name":null,"HostConfig":{"Memory":0,"PortBindings":null}}'), expected);
});

for (const [title, json] of [
  ['no JSON', 'nginx'],
  ['no object', '[]'],
  ['no image', '{}'],
  ['a negative limit', '{"Image":"nginx","HostConfig":{"Memory":-1}}'],
  ['a port that is no number', '{"Image":"nginx","HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"http"}]}}}'],
] as const) {
  test(`a definition with ${title} is refused`, (t) => {
    t.throws(() => parseCreateBody(json), { code: 'INVALID_ARGUMENT' });
  });
}
