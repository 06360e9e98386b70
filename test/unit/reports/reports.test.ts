import test from 'ava';
import type { ContainerSummary } from '../../../node-agent/docker/engine-port.ts';
import { createReports } from '../../../node-agent/reports/reports.ts';
import { MemoryReport } from '../../../proto/index.ts';
import { anInspect } from '../../support/an-inspect.ts';

/** One running container, and reasons that change as a test says. */
function aNode() {
  const state = { reasons: ['A.'], inspects: 0, duringReasons: (): void => {} };
  const summary: ContainerSummary = {
    ...{ id: 'c1', name: 'web', image: 'i', imageId: 'sha256:i', state: 'running', ports: [], labels: {} },
  };
  const reports = createReports({
    engine: {
      list: async () => [summary],
      inspect: async () => {
        state.inspects += 1;
        return anInspect({});
      },
    },
    ledger: { ofContainer: () => undefined },
    containerMemory: async () => 1,
    nodeMemory: async () => MemoryReport.fromPartial({}),
    reasons: async () => {
      const { reasons } = state;
      state.duringReasons();
      return reasons;
    },
    isBusy: () => false,
  });
  const shown = async () => (await reports.containers())[0]?.reasons;
  return { state, reports, shown };
}

test('Docker is asked about a container only once while nothing happens to it', async (t) => {
  const { state, shown } = aNode();
  t.deepEqual(await shown(), ['A.']);
  t.deepEqual(await shown(), ['A.']);
  t.is(state.inspects, 1);
});

for (const containerId of ['c1', undefined]) {
  test(`after an event of ${containerId ?? 'unknown containers'} it is looked at again`, async (t) => {
    const { state, reports, shown } = aNode();
    await shown();
    state.reasons = ['B.'];
    reports.forget(containerId);
    t.deepEqual(await shown(), ['B.']);
  });
}

test('what happens while a container is looked at is not missed', async (t) => {
  const { state, reports, shown } = aNode();
  state.duringReasons = () => reports.forget('c1');
  await shown();
  state.duringReasons = () => undefined;
  state.reasons = ['B.'];
  t.deepEqual(await shown(), ['B.']);
});

test('a container that is asked for is looked at after the report that is under way', async (t) => {
  const { reports } = aNode();
  const order: string[] = [];
  const all = reports.containers().then(() => order.push('all'));
  const one = reports.ofContainer('c1').then(() => order.push('one'));
  await Promise.all([all, one]);
  t.deepEqual(order, ['all', 'one']);
});
