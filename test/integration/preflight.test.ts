import { randomBytes } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { labEngine, labExec } from '../support/lab.ts';

type Lab = Awaited<ReturnType<typeof labEngine>>;
const test = anyTest as TestFn<{ lab: Lab; name: string }>;

test.beforeEach(async (t) => {
  t.context = { lab: await labEngine('edge-1'), name: `h4-pre-${randomBytes(4).toString('hex')}` };
});

test.afterEach.always(async (t) => {
  await t.context.lab.engine.remove(t.context.name, { force: true });
  await t.context.lab.close();
});

// The processes of a container are only seen in its node, so the facts are gathered there.
const gather = `
  const { DockerEngine } = await import('/opt/drover/dist/node-agent/docker/docker-engine.js');
  const { gatherProcessFacts } = await import('/opt/drover/dist/node-agent/preflight/process-facts.js');
  const { reasonsNotToMove } = await import('/opt/drover/dist/node-agent/preflight/reasons-not-to-move.js');
  const { readContainerMemory } = await import('/opt/drover/dist/node-agent/memory/container-memory.js');
  const engine = new DockerEngine({ socketPath: '/var/run/docker.sock', callTimeoutMs: 10000, workTimeoutMs: 10000 });
  const inspect = await engine.inspect(process.argv[1]);
  const container = { id: inspect.Id, pid: inspect.State.Pid };
  const processes = await gatherProcessFacts(container);
  const reasons = reasonsNotToMove(inspect, { processes, execSessions: await engine.execSessions(inspect) });
  console.log(JSON.stringify({ processes, reasons, memoryBytes: await readContainerMemory(container) }));
`;

async function look(name: string) {
  return JSON.parse(await labExec('edge-1', 'node', '--input-type=module', '-e', gather, name)) as {
    processes: { listening: { address: string; port: number }[]; ioUring: string[] };
    reasons: string[];
    memoryBytes: number;
  };
}

test('a Node.js function can be moved, and its memory and socket are seen', async (t) => {
  const { name } = t.context;
  await labExec('edge-1', 'docker', 'run', '-d', '--name', name, '-e', 'MB=64', 'drover/fn-node');
  await labExec('edge-1', 'docker', 'exec', name, 'node', '-e', listening);
  const { processes, reasons, memoryBytes } = await look(name);
  t.deepEqual(reasons, []);
  t.deepEqual(processes.ioUring, []);
  t.true(processes.listening.some(({ port }) => port === 8080));
  t.true(memoryBytes > 64 * 2 ** 20 && memoryBytes < 160 * 2 ** 20, `${memoryBytes}`);
});

// Ends once the function answers.
const listening = `
  const ask = () => fetch('http://127.0.0.1:8080/').then(() => process.exit(0), () => setTimeout(ask, 50));
  ask();
`;

test("Docker's own name server on a network is not taken for the container's", async (t) => {
  const { name } = t.context;
  await labExec('edge-1', 'docker', 'network', 'create', name);
  await labExec('edge-1', 'docker', 'run', '-d', '--name', name, '--network', name, 'drover/counter');
  const { processes } = await look(name);
  t.deepEqual(processes.listening, []);
  await t.context.lab.engine.remove(name, { force: true });
  await labExec('edge-1', 'docker', 'network', 'rm', name);
});

test('what cannot be moved is named', async (t) => {
  const { name } = t.context;
  const flags = ['--rm', '-v', '/etc:/host-etc', '-v', `${name}:/data`, '--pid', 'host', '-t'];
  await labExec('edge-1', 'docker', 'run', '-d', '--name', name, ...flags, 'drover/counter');
  await labExec('edge-1', 'docker', 'exec', '-d', name, 'sleep', '1000');
  const { reasons } = await look(name);
  for (const word of ['--rm', '/etc of this node', `volume ${name}`, '--pid host', 'terminal', '(sleep 1000)']) {
    t.true(
      reasons.some((reason) => reason.includes(word)),
      `${word} in ${reasons.join('\n')}`,
    );
  }
  t.is(reasons.length, 6);
  await t.context.lab.engine.remove(name, { force: true });
  await labExec('edge-1', 'docker', 'volume', 'rm', '-f', name);
});

test('the health check of the moment is no reason', async (t) => {
  const { name } = t.context;
  const health = ['--health-cmd', 'sleep 20', '--health-interval', '100ms', '--health-timeout', '30s'];
  const started = new AbortController();
  const events = t.context.lab.engine.events(started.signal);
  const checking = events.next();
  await labExec('edge-1', 'docker', 'run', '-d', '--name', name, ...health, 'drover/counter');
  let event = await checking;
  while (!event.done && !(event.value.name === name && event.value.action.startsWith('exec_start'))) {
    event = await events.next();
  }
  t.false(event.done);
  t.deepEqual((await look(name)).reasons, []);
  started.abort();
  await events.return(undefined);
});
