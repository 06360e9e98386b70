import test from 'ava';
import { Event, Migration, Node, NodeState, Token, Workload, WorkloadState } from '../../proto/index.ts';
import { type AdminAnswers, answer, answerStream, startFakeAdmin } from '../support/fake-admin.ts';
import { runDrover } from '../support/run-drover.ts';

const at = new Date('2026-01-02T03:04:05.678Z');

const node = Node.fromPartial({
  name: 'edge-1',
  state: NodeState.READY,
  pressure: 'ok',
  memory: { totalBytes: 536_870_912, availableBytes: 268_435_456, psiSomeAvg10: 0.25 },
  workloads: 1,
  ageMs: 400,
  engine: { docker: '28.2.2', criu: '3.17.1', arch: 'x86_64', kernel: '6.1.0' },
  joinedAt: at,
});
const silentNode = Node.fromPartial({ name: 'edge-2', state: NodeState.DOWN, pressure: 'stale', ageMs: 90_000 });

const portless = Workload.fromPartial({
  name: 'web',
  node: 'edge-1',
  state: WorkloadState.RUNNING,
  epoch: 3,
  containerId: 'c0ffee',
  image: 'nginx',
  memoryBytes: 1_048_576,
  migratable: true,
});

const workload: Workload = {
  ...portless,
  ports: [{ hostIp: '', hostPort: 8080, containerPort: 80, protocol: 'tcp' }],
};

const unphased = Migration.fromPartial({
  id: 'm-1',
  workload: 'web',
  from: 'edge-1',
  to: 'edge-2',
  strategy: 'cold',
  phase: 'committed',
  outcome: 'committed',
  reason: 'most free memory',
  bytesTotal: 200,
  bytesSent: 100,
  frozenMs: 12.3456789,
  downtimeMs: 20,
  totalMs: 30.5,
  startedAt: at,
  epoch: 4,
});
const migration: Migration = { ...unphased, phases: [{ phase: 'preparing', ms: 5 }] };

const token = Token.fromPartial({ id: 't-1', state: 'valid', createdAt: at, expiresAt: at });
const event = Event.fromPartial({ seq: 7, at, type: 'node.joined', message: 'edge-1 joined.', node: 'edge-1' });

const workloadShape = {
  name: 'web',
  node: 'edge-1',
  state: 'running',
  epoch: 3,
  container_id: 'c0ffee',
  image: 'nginx',
  memory_bytes: 1_048_576,
  ports: [{ host_ip: '', host_port: 8080, container_port: 80, protocol: 'tcp' }],
  migratable: true,
  reasons: [],
};

const migrationShape = {
  id: 'm-1',
  workload: 'web',
  from: 'edge-1',
  to: 'edge-2',
  strategy: 'cold',
  outcome: 'committed',
  reason: 'most free memory',
  bytes_total: 200,
  bytes_sent: 100,
  frozen_ms: 12.346,
  downtime_ms: 20,
  total_ms: 30.5,
  phases: [{ phase: 'preparing', ms: 5 }],
};

const migrationDetails = {
  ...migrationShape,
  phase: 'committed',
  epoch: 4,
  started_at: '2026-01-02T03:04:05.678Z',
  ended_at: null,
  failure: null,
};

const eventShape = {
  seq: 7,
  at: '2026-01-02T03:04:05.678Z',
  type: 'node.joined',
  message: 'edge-1 joined.',
  node: 'edge-1',
  workload: null,
  migration: null,
  details: {},
};

const nodeShape = {
  name: 'edge-1',
  state: 'ready',
  pressure: 'ok',
  memory_total_bytes: 536_870_912,
  memory_available_bytes: 268_435_456,
  psi_some_avg10: 0.25,
  workloads: 1,
  age_ms: 400,
  engine: '28.2.2',
  criu: '3.17.1',
  arch: 'x86_64',
  kernel: '6.1.0',
};

const answers: AdminAnswers = {
  listNodes: answer(async () => ({ nodes: [node, silentNode] })),
  getNode: answer(async () => ({ node })),
  cordonNode: answer(async ({ cordoned }) => ({
    node: { ...node, state: cordoned ? NodeState.CORDONED : NodeState.READY },
  })),
  listWorkloads: answer(async () => ({ workloads: [workload] })),
  getWorkload: answer(async () => ({ workload, inspectJson: '{"Id":"c0ffee"}' })),
  runWorkload: answer(async () => ({ workload, reason: 'most free memory' })),
  adoptWorkload: answer(async () => ({ workload })),
  removeWorkload: answer(async () => ({ workload })),
  startMigration: answer(async () => ({ migration: { ...migration, outcome: '', phase: 'preparing' } })),
  watchMigration: answerStream(async function* () {
    yield { migration: { ...migration, outcome: '', phase: 'transferring' } };
    yield { migration };
  }),
  getMigration: answer(async () => ({ migration })),
  listMigrations: answer(async () => ({ migrations: [migration] })),
  streamEvents: answerStream(async function* () {
    yield { event };
  }),
  streamLogs: answerStream(async function* () {
    yield { stream: 'stdout', data: Buffer.from([0xc3]) };
    yield { stream: 'stderr', data: Buffer.from('oops\n') };
    yield { stream: 'stdout', data: Buffer.from([0xa9, 0x0a]) };
  }),
  createToken: answer(async () => ({ token, secret: 'drv1.secret' })),
  listTokens: answer(async () => ({ tokens: [token] })),
  revokeToken: answer(async () => ({ token: { ...token, state: 'revoked' } })),
};

const tokenShape = {
  id: 't-1',
  state: 'valid',
  used_by: null,
  created_at: '2026-01-02T03:04:05.678Z',
  expires_at: '2026-01-02T03:04:05.678Z',
};

const prints = test.macro({
  exec: async (t, line: string, documents: readonly object[]) => {
    const server = await startFakeAdmin(answers);
    t.teardown(server.stop);
    const args = [...line.split(' '), '-o', 'json', '--context', server.contextFile];
    // Options stand before the image of `run`.
    const ordered = args[0] === 'run' ? ['run', ...args.slice(-4), ...args.slice(1, -4)] : args;
    const { status, stdout, stderr } = await runDrover(ordered);
    t.is(stderr, '');
    t.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .map((text) => JSON.parse(text)),
      documents,
    );
    t.is(status, 0);
  },
  title: (_, line: string) => `${line} -o json`,
});

test(prints, 'nodes', [
  {
    nodes: [
      nodeShape,
      {
        name: 'edge-2',
        state: 'down',
        pressure: 'stale',
        memory_total_bytes: null,
        memory_available_bytes: null,
        psi_some_avg10: null,
        workloads: 0,
        age_ms: 90_000,
        engine: null,
        criu: null,
        arch: null,
        kernel: null,
      },
    ],
  },
]);
test(prints, 'node cordon edge-1', [{ node: { ...nodeShape, state: 'cordoned' } }]);
test(prints, 'node cordon edge-1 --dry-run', [{ node: nodeShape }]);
test(prints, 'ps', [{ workloads: [workloadShape] }]);
test(prints, 'inspect web', [{ workload: workloadShape, container: { Id: 'c0ffee' } }]);
test(prints, 'run nginx sleep 1d', [{ workload: workloadShape, reason: 'most free memory' }]);
test(prints, 'adopt edge-1/web', [{ workload: workloadShape }]);
test(prints, 'rm web --dry-run', [{ workload: workloadShape }]);
test(prints, 'migrate web --to edge-2', [{ migration: migrationShape }]);
test(prints, 'migrate web --detach', [{ migration: { ...migrationShape, outcome: null } }]);
test(prints, 'migrations', [{ migrations: [migrationDetails] }]);
test(prints, 'migration show m-1', [{ migration: migrationDetails }]);
test(prints, 'migration watch m-1', [
  { migration: { ...migrationDetails, outcome: null, phase: 'transferring' } },
  { migration: migrationDetails },
]);
test(prints, 'events', [{ events: [eventShape] }]);
test(prints, 'events --watch', [eventShape]);
test(prints, 'logs web', [
  { stream: 'stderr', text: 'oops\n' },
  { stream: 'stdout', text: 'é\n' },
]);
test(prints, 'token create', [{ token: { id: 't-1', token: 'drv1.secret', expires_at: '2026-01-02T03:04:05.678Z' } }]);
test(prints, 'token ls', [{ tokens: [tokenShape] }]);
test(prints, 'token revoke t-1', [{ token: { ...tokenShape, state: 'revoked' } }]);
test(prints, 'token revoke t-1 --dry-run', [{ token: tokenShape }]);
