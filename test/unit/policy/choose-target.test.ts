import test from 'ava';
import fc from 'fast-check';
import { chooseTarget, type FleetNode, type Need } from '../../../coordinator/policy/choose-target.ts';
import { reserveOf } from '../../../coordinator/policy/pressure.ts';
import type { Port } from '../../../proto/index.ts';
import { aMemory, aNeed, aNode, mib } from '../../support/a-fleet.ts';

const port = (hostPort: number, changes: Partial<Port> = {}): Port => ({
  ...{ hostIp: '', hostPort, containerPort: 80, protocol: 'tcp' },
  ...changes,
});

const refusals: [string, Partial<FleetNode>, Partial<Need>, RegExp][] = [
  ['the node that it leaves', {}, { leaves: 'edge-1' }, /there already/],
  ['a cordoned node', { state: 'cordoned' }, {}, /cordoned/],
  ['a node that is down', { state: 'down' }, {}, /down/],
  ['a node under pressure', { pressure: 'soft' }, {}, /memory is soft/],
  ['a watched node, when nobody asked', { pressure: 'watch' }, { urgency: 'balance' }, /memory is watch/],
  ['a node whose numbers are old', { pressure: 'stale' }, {}, /memory is stale/],
  ['a node that another move is going to', { inbound: { moves: 1, bytes: mib } }, {}, /another move/],
  ['a node without the runtime', { shimReady: false }, {}, /runtime/],
  ['a node of another architecture', { arch: 'aarch64' }, { arch: 'x86_64' }, /aarch64, not x86_64/],
  ['a node with another cgroup version', { cgroupVersion: '1' }, { cgroupVersion: '2' }, /cgroup v1, not v2/],
  ['a node where its port is taken', { ports: [port(80)] }, { ports: [port(80)] }, /80\/tcp is taken/],
  ['a node that is too small', {}, { memoryBytes: 300 * mib }, /would keep 4 % .* less than 12 %/],
  ['a node with a full disk', { memory: aMemory({ diskFreeBytes: mib }) }, {}, /disk has 1 MiB free/],
];

for (const [title, node, need, why] of refusals) {
  test(`it does not choose ${title}`, (t) => {
    const choice = chooseTarget([aNode(node)], aNeed(need));
    t.is(choice.chosen, undefined);
    t.regex(choice.rejected[0]?.why ?? '', why);
    t.regex(choice.reason, why);
  });
}

const acceptances: [string, Partial<FleetNode>, Partial<Need>][] = [
  ['a watched node, when a person asked', { pressure: 'watch' }, {}],
  [
    'a node that uses the port with another protocol',
    { ports: [port(53)] },
    { ports: [port(53, { protocol: 'udp' })] },
  ],
  [
    'a node that uses the port on another address',
    { ports: [port(80, { hostIp: '10.0.0.1' })] },
    { ports: [port(80, { hostIp: '10.0.0.2' })] },
  ],
  ['a node for ports that the engine chooses', { ports: [port(0)] }, { ports: [port(0)] }],
  ['any architecture for a container that never ran', { arch: 'aarch64' }, {}],
];

for (const [title, node, need] of acceptances) {
  test(`it chooses ${title}`, (t) => t.is(chooseTarget([aNode(node)], aNeed(need)).chosen, 'edge-1'));
}

test('the node with the most memory left wins, and the choice says so with numbers', (t) => {
  const roomy = aNode({ name: 'edge-2', memory: aMemory({ availableBytes: 900 * mib }) });
  const choice = chooseTarget([aNode(), roomy, aNode({ name: 'edge-3' })], aNeed());
  t.is(choice.chosen, 'edge-2');
  t.is(choice.reason, 'edge-2 keeps the most memory free: 78 % afterwards.');
  t.is(choice.fitting[0]?.numbers.needed_bytes, Math.round(64 * mib * 1.15));
});

test('equal nodes are shared out among workloads', (t) => {
  const fleet = [aNode(), aNode({ name: 'edge-2' }), aNode({ name: 'edge-3' })];
  const chosen = new Set(
    Array.from({ length: 30 }, (_, n) => chooseTarget(fleet, aNeed({ workload: `w${n}` })).chosen),
  );
  t.is(chosen.size, 3);
});

test('without any node the reason says that there is none', (t) => {
  t.is(chooseTarget([], aNeed()).reason, 'There is no other node.');
});

const anyNode = fc.record({
  state: fc.constantFrom('ready' as const, 'cordoned' as const, 'down' as const),
  pressure: fc.constantFrom('ok', 'watch', 'soft', 'hard', 'critical', 'stale') as fc.Arbitrary<FleetNode['pressure']>,
  memory: fc.record({
    totalBytes: fc.oneof(fc.integer({ min: 0, max: 2 ** 33 }), fc.constant(Number.NaN)),
    availableBytes: fc.oneof(fc.integer({ min: 0, max: 2 ** 33 }), fc.constant(Number.NaN)),
  }),
  arch: fc.constantFrom('x86_64', 'aarch64'),
  shimReady: fc.boolean(),
  ports: fc.array(
    fc.integer({ min: 0, max: 3 }).map((n) => port(n)),
    { maxLength: 2 },
  ),
  inbound: fc.record({ moves: fc.integer({ min: 0, max: 1 }), bytes: fc.integer({ min: 0, max: 2 ** 31 }) }),
});
const anyFleet = fc
  .array(anyNode, { maxLength: 6 })
  .map((nodes) => nodes.map((node, n) => aNode({ ...node, name: `edge-${n + 1}`, memory: aMemory(node.memory) })));
const anyNeed = fc.record({
  memoryBytes: fc.integer({ min: 0, max: 2 ** 32 }),
  ports: fc.array(
    fc.integer({ min: 0, max: 3 }).map((n) => port(n)),
    { maxLength: 1 },
  ),
  arch: fc.constantFrom('x86_64', 'aarch64'),
  leaves: fc.constantFrom('edge-1', 'edge-2', 'elsewhere'),
});

test('whatever the fleet, the chosen node is ready, compatible and keeps its headroom', (t) => {
  const property = fc.property(anyFleet, anyNeed, (fleet, need) => {
    const { chosen, fitting, rejected } = chooseTarget(fleet, aNeed(need));
    t.is(fitting.length + rejected.length, fleet.length);
    const node = fleet.find(({ name }) => name === chosen);
    if (!node?.memory) return t.is(chosen, undefined);
    const { totalBytes, availableBytes } = node.memory;
    const reserve = reserveOf(totalBytes);
    const left = availableBytes - reserve - node.inbound.bytes - need.memoryBytes * 1.15;
    return t.true(
      node.state === 'ready' &&
        node.shimReady &&
        (node.pressure === 'ok' || node.pressure === 'watch') &&
        node.arch === need.arch &&
        node.name !== need.leaves &&
        !need.ports.some((want) => want.hostPort !== 0 && node.ports.some((have) => have.hostPort === want.hostPort)) &&
        left >= 0.12 * (totalBytes - reserve) - 1,
    );
  });
  t.notThrows(() => fc.assert(property, { numRuns: 500 }));
});

test('the choice does not depend on the order of the fleet', (t) => {
  const property = fc.property(anyFleet, anyNeed, (fleet, need) => {
    t.is(chooseTarget([...fleet].reverse(), aNeed(need)).chosen, chooseTarget(fleet, aNeed(need)).chosen);
  });
  t.notThrows(() => fc.assert(property));
});
