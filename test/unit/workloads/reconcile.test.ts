import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import type { CommandBody } from '../../../coordinator/nodes/session.ts';
import { openMemoryStore } from '../../../coordinator/store/memory-store.ts';
import { createReconciler } from '../../../coordinator/workloads/reconcile.ts';
import { createWorkloadRegistry, type WorkloadRecord } from '../../../coordinator/workloads/registry.ts';
import { CommandDone, type ContainerReport, DroverError } from '../../../proto/index.ts';
import { aContainer } from '../../support/a-fleet.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { recordedEvents } from '../../support/recorded-events.ts';
import { silentLog as log } from '../../support/silent-log.ts';

const labelled = (changes: Partial<ContainerReport> = {}) =>
  aContainer({ labels: { 'drover.enable': 'true' }, ...changes });
const web: WorkloadRecord = { name: 'web', node: 'edge-1', containerId: 'c1', epoch: 3, image: 'i' };
const webReport = (changes: Partial<ContainerReport> = {}) =>
  aContainer({ containerId: 'c1', workload: 'web', epoch: 3, ...changes });

const set = async (options: { known?: WorkloadRecord; failure?: DroverError } = {}) => {
  const workloads = await createWorkloadRegistry({ store: await openMemoryStore() });
  if (options.known) await workloads.create(options.known);
  const events = recordedEvents();
  const clock = fakeClock();
  const sent: CommandBody[] = [];
  const send = async (_: string, body: CommandBody) => {
    sent.push(body);
    if (options.failure) throw options.failure;
    return CommandDone.fromPartial({ containerId: 'c1' });
  };
  const nodes = { noteContainer: () => undefined };
  const { onReport } = createReconciler({ workloads, events, clock, log, nodes, agents: { send }, timeoutMs: 1000 });
  const report = async (node: string, ...containers: ContainerReport[]) => {
    onReport(node, { containers });
    for (let n = 0; n < 20; n++) await turn();
  };
  return { workloads, events, clock, sent, report };
};

test('a running container with the label becomes a workload, once', async (t) => {
  const { workloads, events, sent, report } = await set();
  await report('edge-1', labelled());
  await report('edge-1', labelled());
  t.deepEqual(sent, [{ $case: 'adoptContainer', value: { container: 'c0ffee000001', epoch: 1 } }]);
  t.like(workloads.get('web'), { node: 'edge-1', epoch: 1 });
  t.deepEqual(events.types(), ['workload.adopted']);
});

const unwanted: [string, ContainerReport][] = [
  ['without the label', aContainer()],
  ['with the label set to something else', aContainer({ labels: { 'drover.enable': 'false' } })],
  ['that does not run', labelled({ state: 'exited' })],
];
for (const [title, container] of unwanted) {
  test(`a container ${title} is left alone`, async (t) => {
    const { sent, report } = await set();
    await report('edge-1', container);
    t.deepEqual(sent, []);
  });
}

test('a labelled container whose name is taken is left alone', async (t) => {
  const { sent, workloads, report } = await set({ known: web });
  await report('edge-2', labelled());
  t.deepEqual(sent, []);
  t.is(workloads.require('web').node, 'edge-1');
});

test('an adoption that failed leaves no workload, and is tried again only after a while', async (t) => {
  const { sent, workloads, clock, report } = await set({ failure: new DroverError('UNMOVABLE', 'No.') });
  await report('edge-1', labelled());
  await report('edge-1', labelled());
  t.is(sent.length, 1);
  t.is(workloads.get('web'), undefined);
  clock.advance(60_000);
  await report('edge-1', labelled());
  t.is(sent.length, 2);
});

test('an agent that still knows the workload by a higher epoch is adopted with that epoch', async (t) => {
  const { sent, report } = await set();
  await report('edge-1', labelled({ workload: 'web', epoch: 7 }));
  t.like(sent[0], { value: { epoch: 7 } });
});

test('a container with an older epoch is noted as stale, once, and nothing is sent', async (t) => {
  const { events, sent, report } = await set({ known: web });
  for (let n = 0; n < 2; n++) await report('edge-2', webReport({ containerId: 'c0', epoch: 2 }));
  t.deepEqual(events.types(), ['workload.stale']);
  t.like(events.all[0], { node: 'edge-2', workload: 'web', details: { epoch: '2', current_epoch: '3' } });
  t.deepEqual(sent, []);
});

test('a second container with the current epoch is noted as a conflict', async (t) => {
  const { events, report } = await set({ known: web });
  await report('edge-2', webReport({ containerId: 'c2' }));
  t.deepEqual(events.types(), ['workload.conflict']);
});

test('both halves of a migration are no contradiction', async (t) => {
  const { events, report } = await set({ known: { ...web, migrationId: 'm1' } });
  await report('edge-2', webReport({ containerId: 'c2', epoch: 4 }));
  t.deepEqual(events.types(), []);
});

test('a workload whose container exited is noted as stopped, once', async (t) => {
  const { events, report } = await set({ known: web });
  await report('edge-1', webReport());
  await report('edge-1', webReport({ state: 'exited' }));
  await report('edge-1', webReport({ state: 'exited' }));
  t.deepEqual(events.types(), ['workload.stopped']);
});

test('a workload whose container exits while it is being removed is not noted', async (t) => {
  const { workloads, events, report } = await set({ known: web });
  await report('edge-1', webReport());
  workloads.hold('web');
  await report('edge-1', webReport({ state: 'exited' }));
  t.deepEqual(events.types(), []);
});
