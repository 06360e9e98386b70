import test from 'ava';
import { createBodyFrom } from '../../../node-agent/docker/container-spec.ts';
import { parseCreateBody, splitRestartPolicy, withRestartPolicy } from '../../../node-agent/docker/create-body.ts';
import { isTaggable, referenceFor } from '../../../node-agent/docker/image-reference.ts';
import { publishedPorts, requestedPorts } from '../../../node-agent/docker/published-ports.ts';
import { specDifferences, unexplained } from '../../../node-agent/docker/spec-differences.ts';
import { anInspect } from '../../support/an-inspect.ts';

test('the runtime is drover and the restart policy is carried apart', (t) => {
  const RestartPolicy = { Name: 'always', MaximumRetryCount: 0 };
  const { body, restartPolicy } = createBodyFrom(anInspect({ HostConfig: { Runtime: 'runc', RestartPolicy } }));
  t.is(body.HostConfig.Runtime, 'drover');
  t.is(body.HostConfig.RestartPolicy?.Name, 'no');
  t.deepEqual(restartPolicy, RestartPolicy as typeof restartPolicy);
});

test('a restart policy survives the wire', (t) => {
  const { body } = createBodyFrom(anInspect({}));
  const json = JSON.stringify(withRestartPolicy(body, { Name: 'on-failure', MaximumRetryCount: 3 }));
  const received = splitRestartPolicy(parseCreateBody(json));
  t.deepEqual(received.restartPolicy, { Name: 'on-failure', MaximumRetryCount: 3 });
  t.deepEqual(received.body, body);
});

test('a body that is none is refused', (t) => {
  t.throws(() => parseCreateBody('{"Image":1}'), { code: 'BAD_MESSAGE' });
  t.throws(() => parseCreateBody('{'), { code: 'BAD_MESSAGE' });
});

test('a field that Drover does not know goes along', (t) => {
  const { body } = createBodyFrom(anInspect({ HostConfig: { FromTheFuture: { a: 1 } }, Config: { AlsoNew: true } }));
  t.deepEqual(body.HostConfig.FromTheFuture, { a: 1 });
  t.is(body.AlsoNew, true);
});

test('a network named by its id on the source is named by its name', (t) => {
  const id = 'ab'.repeat(32);
  const Networks = { lan: { NetworkID: id, IPAddress: '172.20.0.2' } };
  const { body } = createBodyFrom(anInspect({ HostConfig: { NetworkMode: id }, NetworkSettings: { Networks } }));
  t.is(body.HostConfig.NetworkMode, 'lan');
  t.deepEqual(body.NetworkingConfig?.EndpointsConfig, { lan: {} });
});

test('the alias that old engines add for the id is left behind', (t) => {
  const inspect = anInspect({});
  const Networks = { lan: { NetworkID: 'x', Aliases: ['web', inspect.Id.slice(0, 12)] } };
  const { body } = createBodyFrom({ ...inspect, ...anInspect({ NetworkSettings: { Networks } }) });
  t.deepEqual(body.NetworkingConfig?.EndpointsConfig?.lan, { Aliases: ['web'] });
});

test('only a MAC address that the user set goes along', (t) => {
  const HostConfig = { NetworkMode: 'lan' };
  const NetworkSettings = { Networks: { lan: { NetworkID: 'x', MacAddress: '02:00:00:00:00:01' } } };
  const made = createBodyFrom(anInspect({ HostConfig, NetworkSettings }));
  t.deepEqual(made.body.NetworkingConfig?.EndpointsConfig?.lan, {});
  const set = createBodyFrom(anInspect({ HostConfig, NetworkSettings, Config: { MacAddress: '02:00:00:00:00:01' } }));
  t.deepEqual(set.body.NetworkingConfig?.EndpointsConfig?.lan, { MacAddress: '02:00:00:00:00:01' });
});

test('ports that the engine may choose are not asked for', (t) => {
  const PortBindings = {
    '80/tcp': [{ HostIp: '', HostPort: '8080' }],
    '81/tcp': [{ HostIp: '', HostPort: '' }],
    '82/udp': [{ HostIp: '127.0.0.1', HostPort: '9000-9010' }],
    '83/tcp': null,
  };
  const { body } = createBodyFrom(anInspect({ HostConfig: { PortBindings } }));
  t.deepEqual(requestedPorts(body), [{ hostIp: '', hostPort: 8080, containerPort: 80, protocol: 'tcp' }]);
});

test('a running container shows the ports that it got', (t) => {
  const Ports = { '81/tcp': [{ HostIp: '0.0.0.0', HostPort: '32768' }], '99/tcp': null };
  const inspect = anInspect({ NetworkSettings: { Ports } });
  t.deepEqual(publishedPorts(inspect), [{ hostIp: '0.0.0.0', hostPort: 32768, containerPort: 81, protocol: 'tcp' }]);
});

function images(names: Record<string, string>) {
  const tagged: string[] = [];
  const engine = {
    findImage: async (name: string) => {
      const id = names[name];
      return id === undefined ? undefined : { id, tags: [], arch: 'amd64', sizeBytes: 1 };
    },
    tagImage: async (id: string, name: string) => void tagged.push(`${name}=${id}`),
  };
  return { engine, tagged };
}

const image = { name: 'app:1', id: `sha256:${'a'.repeat(64)}` };

test('an image is called by its name where the name stands for it', async (t) => {
  t.is(await referenceFor(images({ 'app:1': image.id }).engine, image), 'app:1');
});

test('a free name is given to the image', async (t) => {
  const { engine, tagged } = images({});
  t.is(await referenceFor(engine, image), 'app:1');
  t.deepEqual(tagged, [`app:1=${image.id}`]);
});

test('a name that stands for another image is left alone', async (t) => {
  const { engine, tagged } = images({ 'app:1': 'sha256:other' });
  t.is(await referenceFor(engine, image), image.id);
  t.deepEqual(tagged, []);
});

test('ids and digests are no names', (t) => {
  t.false(isTaggable(image.id));
  t.false(isTaggable('abcdef123456'));
  t.false(isTaggable(`app@${image.id}`));
  t.true(isTaggable('host:5000/app'));
});

test('the same container has no differences', (t) => {
  t.deepEqual(specDifferences(anInspect({}), anInspect({})), []);
});

test('absent, null and empty are the same', (t) => {
  const [a, b] = [anInspect({ HostConfig: { CapAdd: null } }), anInspect({ HostConfig: { CapAdd: [] } })];
  t.deepEqual(specDifferences(a, b), []);
});

test('a planned difference has a reason', (t) => {
  const [a, b] = [anInspect({ HostConfig: { Runtime: 'runc' } }), anInspect({ HostConfig: { Runtime: 'drover' } })];
  t.like(specDifferences(a, b), [{ path: 'HostConfig.Runtime', before: 'runc', after: 'drover' }]);
  t.deepEqual(unexplained(specDifferences(a, b)), []);
  t.is(unexplained(specDifferences(b, a)).length, 1);
});

test('a number that became zero is a difference', (t) => {
  const [a, b] = [anInspect({ HostConfig: { Memory: 5 } }), anInspect({ HostConfig: { Memory: 0 } })];
  t.is(unexplained(specDifferences(a, b)).length, 1);
});
