import test from 'ava';
import type { CreateBody } from '../../../node-agent/docker/create-body.ts';
import type { ContainerSummary, EngineInfo } from '../../../node-agent/docker/engine-port.ts';
import {
  checkTarget,
  neededMemoryBytes,
  type TargetFacts,
  type TargetNeed,
  targetRefusals,
} from '../../../node-agent/preflight/target-check.ts';
import { type ErrorCode, SourceCheck } from '../../../proto/index.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

const MiB = 2 ** 20;
const engine: EngineInfo = {
  version: '28',
  apiVersion: '1.51',
  arch: 'x86_64',
  kernel: '6',
  cpus: 2,
  cgroupVersion: '2',
  cgroupDriver: 'systemd',
  storageDriver: 'overlay2',
  liveRestore: true,
  runtimes: ['runc', 'drover'],
  runcVersion: '1',
  rootDir: '/var/lib/docker',
};
const roomy: TargetFacts = {
  engine,
  containers: [],
  networks: ['bridge', 'host', 'none', 'lan'],
  image: undefined,
  listening: [],
  memoryAvailableBytes: 500 * MiB,
  diskFreeBytes: 1000 * MiB,
};
const body: CreateBody = {
  Image: 'app',
  HostConfig: { NetworkMode: 'bridge', PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } },
};
const need: TargetNeed = { workload: 'web', memoryBytes: 100 * MiB, body };
const other: ContainerSummary = {
  id: 'o',
  name: 'other',
  image: 'i',
  imageId: 'i',
  state: 'running',
  labels: {},
  ports: [],
};

test('a roomy node takes a workload', (t) => {
  t.deepEqual(targetRefusals(need, roomy), []);
});

const refuses = test.macro(
  (t, facts: Partial<TargetFacts>, code: ErrorCode, sentence: RegExp, change: Partial<TargetNeed> = {}) => {
    const [refusal, ...more] = targetRefusals({ ...need, ...change }, { ...roomy, ...facts });
    t.is(refusal?.code, code);
    t.regex(refusal?.message ?? '', sentence);
    t.deepEqual(more, []);
  },
);

test(
  'a node without the shim',
  refuses,
  { engine: { ...engine, runtimes: ['runc'] } },
  'TARGET_INCOMPATIBLE',
  /drover agent install/,
);
test(
  'a node with another storage driver',
  refuses,
  { engine: { ...engine, storageDriver: 'vfs' } },
  'TARGET_INCOMPATIBLE',
  /vfs/,
);
const arm = { id: 'i', tags: [], arch: 'arm64', sizeBytes: 1 };
test('an image for another processor', refuses, { image: arm }, 'TARGET_INCOMPATIBLE', /arm64 and this node is amd64/);
test(
  'a name that is taken',
  refuses,
  { containers: [{ ...other, name: 'web', state: 'exited' }] },
  'WORKLOAD_EXISTS',
  /called web/,
);
const onNetwork = {
  ...body,
  HostConfig: { NetworkMode: 'wan' },
  NetworkingConfig: { EndpointsConfig: { wan: {}, lan: {} } },
};
test('a network that is not there', refuses, {}, 'TARGET_INCOMPATIBLE', /network create wan/, { body: onNetwork });
const published = { hostIp: '127.0.0.1', hostPort: 8080, containerPort: 1, protocol: 'tcp' };
test(
  'a port of a container',
  refuses,
  { containers: [{ ...other, ports: [published] }] },
  'TARGET_INCOMPATIBLE',
  /8080\/tcp .* the container other/,
);
const listener = { protocol: 'tcp', address: '0.0.0.0', port: 8080, inode: '1' } as const;
test(
  'a port of a program',
  refuses,
  { listening: [listener] },
  'TARGET_INCOMPATIBLE',
  /a program that listens on 0\.0\.0\.0/,
);
test(
  'a node with too little memory',
  refuses,
  { memoryAvailableBytes: 131 * MiB },
  'TARGET_TOO_SMALL',
  /needs 132 MiB .* has 131 MiB/,
);
test(
  'a node with too little disk',
  refuses,
  { diskFreeBytes: 163 * MiB },
  'TARGET_TOO_SMALL',
  /needs 164 MiB of disk space .* has 163 MiB/,
);

test('just enough is enough', (t) => {
  t.deepEqual(targetRefusals(need, { ...roomy, memoryAvailableBytes: 132 * MiB, diskFreeBytes: 164 * MiB }), []);
});

test('the headroom is a tenth, and at least 32 MiB', (t) => {
  t.is(neededMemoryBytes(10 * MiB), 42 * MiB);
  t.is(neededMemoryBytes(1000 * MiB), 1100 * MiB);
});

const takes = test.macro((t, facts: Partial<TargetFacts>) => {
  t.deepEqual(targetRefusals(need, { ...roomy, ...facts }), []);
});
test('the same port of another protocol is free', takes, { listening: [{ ...listener, protocol: 'udp' }] });
test('another port is free', takes, { listening: [{ ...listener, port: 8081 }] });
test('an image for the same processor fits', takes, { image: { ...arm, arch: 'amd64' } });

test('two addresses may share a port', (t) => {
  const PortBindings = { '80/tcp': [{ HostIp: '127.0.0.2', HostPort: '8080' }] };
  const local = { ...need, body: { ...body, HostConfig: { ...body.HostConfig, PortBindings } } };
  t.deepEqual(targetRefusals(local, { ...roomy, containers: [{ ...other, ports: [published] }] }), []);
});

test('the numbers of a refusal are in its details', (t) => {
  const [refusal] = targetRefusals(need, { ...roomy, memoryAvailableBytes: 5 });
  t.deepEqual(refusal?.details, { needed_bytes: String(132 * MiB), available_bytes: '5' });
});

test('the check asks the engine and rejects with the first refusal', async (t) => {
  const dependencies = {
    engine: {
      info: async () => engine,
      list: async () => [{ ...other, name: 'web' }],
      networks: async () => roomy.networks,
      findImage: async () => undefined,
    },
    memory: async () => ({ availableBytes: 1, diskFreeBytes: 1 }),
    procDir: '/nowhere',
  };
  const source = SourceCheck.fromPartial({ memoryBytes: 1, createJson: JSON.stringify(body), imageId: 'i' });
  t.is((await rejectionOf(checkTarget(dependencies, { workload: 'web', source }))).code, 'WORKLOAD_EXISTS');
});
