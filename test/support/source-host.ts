import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { countingProcess } from './counting-process.ts';
import { handoverHost } from './handover-host.ts';
import { killAllAbout } from './kill-all-about.ts';

/** Orders of migration m-1, which moves web from here to edge-2. */
export const order = { migrationId: 'm-1', epoch: 5 };
export const prepareOrder = { ...order, workload: 'web', targetNode: 'edge-2' };

/** A node that runs web at epoch 4, a real process whose restart policy is "always". CRIU only pretends. */
export async function sourceHost(t: ExecutionContext, ...timeouts: Parameters<typeof handoverHost>[1][]) {
  const host = await handoverHost(t, ...timeouts);
  // Dumps outlive the agent, and so the test.
  t.teardown(() => killAllAbout(host.paths.run));
  // The freezer comes last, so that it opens first at the end: what is frozen cannot be killed.
  const process = await countingProcess(t, 'memory', 'freezer');
  const id = await host.docker.create('web', { Image: 'drover/app', HostConfig: {} });
  Object.assign(host.docker.containers.get(id) ?? {}, { pid: process.pid, running: true, restartPolicy: 'always' });
  const state = join(host.paths.dockerRuntimes, 'runtime-runc/moby', id);
  await mkdir(state, { recursive: true });
  await writeFile(join(state, 'state.json'), '{}');
  await host.ledger.record('web', { containerId: id, epoch: 4 });
  host.docker.changes.length = 0;
  return {
    ...{ host, process },
    directory: join(host.docker.directory, id),
    policy: () => host.docker.containers.get(id)?.restartPolicy,
    /** What CRIU will do; see fake-criu.ts. */
    behaviour: (how: string) => writeFile(join(host.paths.run, 'dump/m-1/behaviour'), how),
    /** Fails unless everything is as if no migration had been tried. */
    async untouched(): Promise<void> {
      await process.counting();
      t.is(host.docker.containers.get(id)?.restartPolicy, 'always');
      t.deepEqual(await host.traces(), []);
      t.like(host.ledger.get('web'), { epoch: 4 });
    },
    /** Fails unless the container is gone for good. */
    async gone(): Promise<void> {
      t.false(host.docker.containers.has(id));
      t.is(host.ledger.get('web'), undefined);
      t.deepEqual(await host.traces(), []);
    },
  };
}
