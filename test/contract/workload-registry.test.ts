import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openLevelStore } from '../../coordinator/store/level-store.ts';
import { openMemoryStore } from '../../coordinator/store/memory-store.ts';
import { createWorkloadRegistry, type WorkloadRecord } from '../../coordinator/workloads/registry.ts';
import { rejectionOf } from '../support/rejection-of.ts';

const record = (changes: Partial<WorkloadRecord> = {}): WorkloadRecord => ({
  ...{ name: 'web', node: 'edge-1', containerId: 'c1', epoch: 1, image: 'drover/fn-node' },
  ...changes,
});

const stores = {
  memory: async () => ({ store: await openMemoryStore(), clean: async () => undefined }),
  disk: async () => {
    const directory = await mkdtemp(join(tmpdir(), 'drover-workloads-'));
    return { store: await openLevelStore(directory), clean: () => rm(directory, { recursive: true }) };
  },
};

for (const [where, open] of Object.entries(stores)) {
  const on = (title: string) => `${title} (${where})`;
  const opened = async () => {
    const { store, clean } = await open();
    return { store, workloads: await createWorkloadRegistry({ store }), clean: () => store.close().then(clean) };
  };

  test(on('a workload that was created is there after a restart'), async (t) => {
    const { store, workloads, clean } = await opened();
    await workloads.create(record());
    t.deepEqual((await createWorkloadRegistry({ store })).list(), [record()]);
    await clean();
  });

  test(on('of two workloads with one name only the first is created'), async (t) => {
    const { workloads, clean } = await opened();
    const [first, second] = await Promise.allSettled([
      workloads.create(record()),
      workloads.create(record({ node: 'edge-2' })),
    ]);
    t.is(first.status, 'fulfilled');
    t.like(second, { status: 'rejected', reason: { code: 'WORKLOAD_EXISTS' } });
    t.is(workloads.require('web').node, 'edge-1');
    await clean();
  });

  test(on('of two migrations of one workload only the first begins'), async (t) => {
    const { workloads, clean } = await opened();
    await workloads.create(record());
    const outcomes = await Promise.allSettled(['m1', 'm2'].map((id) => workloads.beginMigration('web', id)));
    t.like(outcomes[0], { status: 'fulfilled', value: { migrationId: 'm1' } });
    t.like(outcomes[1], { status: 'rejected', reason: { code: 'WORKLOAD_BUSY', details: { migration: 'm1' } } });
    await clean();
  });

  test(on('a migration that ended has moved the workload and freed it'), async (t) => {
    const { store, workloads, clean } = await opened();
    await workloads.create(record());
    await workloads.beginMigration('web', 'm1');
    await workloads.endMigration('web', 'm1', { node: 'edge-2', containerId: 'c2', epoch: 2 });
    t.deepEqual(
      (await createWorkloadRegistry({ store })).get('web'),
      record({ node: 'edge-2', containerId: 'c2', epoch: 2 }),
    );
    await clean();
  });

  test(on('a migration that does not hold the workload ends nothing'), async (t) => {
    const { workloads, clean } = await opened();
    await workloads.create(record());
    await workloads.beginMigration('web', 'm1');
    await workloads.endMigration('web', 'm2', { node: 'edge-9', containerId: 'c9', epoch: 9 });
    t.like(workloads.get('web'), { node: 'edge-1', migrationId: 'm1' });
    await clean();
  });

  test(on('while a workload is held no migration begins and nobody else holds it'), async (t) => {
    const { workloads, clean } = await opened();
    await workloads.create(record());
    const release = workloads.hold('web');
    t.is((await rejectionOf(workloads.beginMigration('web', 'm1'))).code, 'WORKLOAD_BUSY');
    t.throws(() => workloads.hold('web'), { code: 'WORKLOAD_BUSY' });
    release();
    await t.notThrowsAsync(workloads.beginMigration('web', 'm1'));
    t.throws(() => workloads.hold('web'), { code: 'WORKLOAD_BUSY' });
    await clean();
  });

  test(on('what is not there is named in the error, and removing it is fine'), async (t) => {
    const { workloads, clean } = await opened();
    t.throws(() => workloads.require('web'), { code: 'WORKLOAD_NOT_FOUND', message: /web/ });
    await t.notThrowsAsync(workloads.remove('web'));
    await clean();
  });
}
