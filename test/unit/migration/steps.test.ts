import test from 'ava';
import { completion, type OpenPhase } from '../../../coordinator/migration/phases.ts';
import type { MigrationRecord } from '../../../coordinator/migration/record.ts';
import { type StepKind, stepsOf } from '../../../coordinator/migration/steps.ts';
import { SourceCheck } from '../../../proto/index.ts';
import { aSource } from '../../support/migration-host.ts';

const record: MigrationRecord = {
  ...{ id: 'm-1', workload: 'web', from: 'edge-1', to: 'edge-2', strategy: 'cold', epoch: 5, phase: 'preparing' },
  ...{ choice: 'Asked for.', source: SourceCheck.toJSON(aSource()), bytesTotal: 0, bytesSent: 0, phases: [] },
  ...{ startedAt: '2026-01-01T00:00:00Z', checkMs: 1 },
};

const expected: Record<OpenPhase, [StepKind, string][]> = {
  preparing: [
    ['prepareSource', 'edge-1'],
    ['prepareTarget', 'edge-2'],
  ],
  freezing: [['freezeSource', 'edge-1']],
  transferring: [['awaitReceived', 'edge-2']],
  restoring: [['awaitRestored', 'edge-2']],
  resuming: [
    ['resumeTarget', 'edge-2'],
    ['releaseSource', 'edge-1'],
    ['finishTarget', 'edge-2'],
  ],
  aborting: [
    ['thawSource', 'edge-1'],
    ['discardTarget', 'edge-2'],
  ],
};

for (const phase of Object.keys(completion) as OpenPhase[]) {
  test(`the steps of ${phase}, in order, each at its node`, (t) => {
    t.deepEqual(
      stepsOf(phase, record).map(({ kind, node }) => [kind, node]),
      expected[phase],
    );
  });
}

test('both halves are prepared with each other’s names and what the source said of the container', (t) => {
  const [source, target] = stepsOf('preparing', record);
  t.like(source, { workload: 'web', targetNode: 'edge-2' });
  t.like(target, { workload: 'web', sourceNode: 'edge-1', source: aSource() });
});
