import test from 'ava';
import type { WorkloadRecord } from '../../../coordinator/workloads/registry.ts';
import { type NodeGlance, workloadState } from '../../../coordinator/workloads/workload-state.ts';
import { WorkloadState } from '../../../proto/index.ts';
import { aContainer } from '../../support/a-fleet.ts';

const web: WorkloadRecord = { name: 'web', node: 'edge-1', containerId: 'c1', epoch: 1, image: 'i' };
const reporting = (state: string): NodeGlance => ({
  state: 'ready',
  containers: [aContainer({ containerId: 'c1', state })],
});

const rows: [string, Partial<WorkloadRecord>, NodeGlance | undefined, keyof typeof WorkloadState][] = [
  ['reported as running', {}, reporting('running'), 'RUNNING'],
  ['on a cordoned node', {}, { ...reporting('running'), state: 'cordoned' }, 'RUNNING'],
  ['reported as exited', {}, reporting('exited'), 'STOPPED'],
  ['reported as paused', {}, reporting('paused'), 'STOPPED'],
  ['held by a migration', { migrationId: 'm1' }, reporting('paused'), 'MIGRATING'],
  ['on a node that is down', {}, { ...reporting('running'), state: 'down' }, 'LOST'],
  ['on a node that was never seen', {}, undefined, 'LOST'],
  ['no longer reported', {}, { state: 'ready', containers: [] }, 'LOST'],
  ['not made yet', { containerId: '' }, { state: 'ready', containers: [aContainer({ containerId: '' })] }, 'LOST'],
];

for (const [title, changes, node, expected] of rows) {
  test(`a workload ${title} is ${expected}`, (t) =>
    t.is(workloadState({ ...web, ...changes }, node), WorkloadState[expected]));
}
