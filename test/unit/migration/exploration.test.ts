import test from 'ava';
import fc from 'fast-check';
import { isCommitted } from '../../../coordinator/migration/phases.ts';
import { DroverError } from '../../../proto/index.ts';
import { HandoverModel, type Receiving } from '../../support/handover-model.ts';
import { migrationHost } from '../../support/migration-host.ts';
import { turns } from '../../support/turns.ts';

// What may happen to one command. A command without a fault left is carried out and answered.
const faults = ['none', 'refused', 'lost', 'done-and-lost', 'done-late', 'twice', 'slow', 'cancel', 'crash'] as const;
type Fault = (typeof faults)[number];

interface Story {
  readonly faults: readonly Fault[];
  readonly receiving: Receiving;
}

const story: fc.Arbitrary<Story> = fc.record({
  faults: fc.array(fc.oneof({ weight: 4, arbitrary: fc.constant<Fault>('none') }, fc.constantFrom(...faults)), {
    maxLength: 24,
  }),
  receiving: fc.constantFrom<Receiving>('restores', 'restores', 'fails', 'reboots-first', 'reboots-after'),
});

test('whatever fails, is delayed, lost, repeated, cancelled or restarted: one copy runs, and the registry knows which', async (t) => {
  const ends = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      const end = await live(told);
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }),
    { numRuns: 2000 },
  );
  t.log(Object.fromEntries(ends));
  // The stories reach both ends often enough to mean something.
  for (const end of ['committed', 'rolled_back']) t.true((ends.get(end) ?? 0) > 200, end);
});

async function live({ faults: planned, receiving }: Story): Promise<string> {
  const closers: (() => unknown)[] = [];
  const host = await migrationHost({ teardown: (close) => void closers.push(close) });
  const model = new HandoverModel(host.agents, receiving);
  const world = withFaults(host, planned);
  try {
    const started = await host.start().catch(() => undefined);
    const id = started?.id ?? host.workloads.get('web')?.migrationId ?? '';
    model.committed = async () => isCommitted((await host.stored(id))?.phase ?? 'preparing');
    await world.calm();
    if (model.violations.length > 0) throw new Error(model.violations.join('; '));
    return requireOneCopy(host, model, (await host.stored(id))?.phase ?? 'never began');
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

type Host = Awaited<ReturnType<typeof migrationHost>>;

function requireOneCopy(host: Host, model: HandoverModel, phase: string): string {
  const web = host.workloads.get('web');
  const expected = phase === 'committed' ? 'target edge-2 5 c-new' : 'source edge-1 4 c-old';
  const found = `${model.running().join()} ${web?.node} ${web?.epoch} ${web?.containerId}`;
  if (found !== expected) throw new Error(`${phase}: ${found} instead of ${expected}`);
  return phase;
}

// Puts the planned faults between the coordinator and the nodes.
function withFaults(host: Host, planned: readonly Fault[]) {
  const left = [...planned];
  let pending: Promise<unknown> = Promise.resolve();
  const later = (work: () => Promise<unknown>) => {
    pending = Promise.allSettled([pending, turns(3).then(work)]);
  };
  const { answers } = host.agents;
  for (const [kind, answer] of Object.entries(answers) as [string, (...args: unknown[]) => unknown][]) {
    const execute = async (args: unknown[]) => answer(...args);
    Object.assign(answers, { [kind]: (...args: unknown[]) => suffer(left.shift() ?? 'none', () => execute(args)) });
  }
  return { calm: () => calm(host, () => pending) };

  async function suffer(fault: Fault, execute: () => Promise<unknown>): Promise<unknown> {
    if (fault === 'refused') throw new DroverError('DOCKER_FAILED', 'Refused.');
    if (fault === 'lost') throw lost();
    if (fault === 'done-late') later(execute);
    if (fault === 'twice' || fault === 'done-and-lost') await execute();
    if (fault === 'done-late' || fault === 'done-and-lost') throw lost();
    if (fault === 'slow') await turns(5);
    if (fault === 'cancel') cancelAll();
    if (fault === 'crash') later(() => host.restart());
    return execute();
  }

  function cancelAll(): void {
    const id = host.workloads.get('web')?.migrationId;
    if (id !== undefined) void host.engine.cancel(id).catch(() => undefined);
  }
}

// Until the workload is free and nothing that was delayed is still to come.
async function calm(host: Host, pending: () => Promise<unknown>): Promise<void> {
  const busy = () => host.workloads.get('web')?.migrationId !== undefined;
  const began = performance.now();
  for (let before: unknown; before !== pending() || busy(); await turns(5)) {
    if (performance.now() - began > 10_000) throw new Error('it never comes to an end');
    before = pending();
    await before;
  }
}

function lost(): DroverError {
  return new DroverError('AGENT_LOST', 'Lost.');
}
