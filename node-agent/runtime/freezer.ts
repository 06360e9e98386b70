import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DroverError } from '../../proto/index.ts';

/** Stops and starts all tasks of one container through its cgroup, without their knowing. */
export interface Freezer {
  /** Resolves when every task stands still. Throws FREEZE_FAILED after `timeoutMs`, thawed again. */
  freeze(timeoutMs: number): Promise<void>;
  /** Harmless when nothing is frozen or the cgroup is gone. */
  thaw(): Promise<void>;
}

/** The freezer of the container whose init is `pid`, under cgroup v1 or v2. */
export async function freezerOf(pid: number): Promise<Freezer> {
  const file = await readFile(`/proc/${pid}/cgroup`, 'utf8');
  const lines = file.split('\n').map((line) => line.split(':'));
  const v1 = lines.find(([, controllers]) => controllers?.split(',').includes('freezer'));
  if (v1 !== undefined) return freezerV1(`/sys/fs/cgroup/freezer${v1.slice(2).join(':')}`);
  const v2 = lines.find(([id, controllers]) => id === '0' && controllers === '');
  if (v2 === undefined) throw new DroverError('FREEZE_FAILED', `Process ${pid} is in no cgroup that can be frozen.`);
  return freezerV2(`/sys/fs/cgroup${v2.slice(2).join(':')}`);
}

function freezerV1(cgroup: string): Freezer {
  return freezer({
    set: (frozen) => writeFile(`${cgroup}/freezer.state`, frozen ? 'FROZEN' : 'THAWED'),
    isFrozen: async () => (await readFile(`${cgroup}/freezer.state`, 'utf8')).trim() === 'FROZEN',
    cgroup,
  });
}

function freezerV2(cgroup: string): Freezer {
  return freezer({
    set: (frozen) => writeFile(`${cgroup}/cgroup.freeze`, frozen ? '1' : '0'),
    isFrozen: async () => /^frozen 1$/m.test(await readFile(`${cgroup}/cgroup.events`, 'utf8')),
    cgroup,
  });
}

function freezer(cgroup: {
  set(frozen: boolean): Promise<void>;
  isFrozen(): Promise<boolean>;
  cgroup: string;
}): Freezer {
  const thaw = async () => {
    await cgroup.set(false).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' && error.code !== 'ENODEV') throw error;
    });
  };
  return {
    thaw,
    async freeze(timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      await cgroup.set(true);
      // The kernel offers no event for v1; it is done within a millisecond unless a task is in uninterruptible sleep.
      while (!(await cgroup.isFrozen())) {
        if (performance.now() > deadline) {
          await thaw();
          throw new DroverError(
            'FREEZE_FAILED',
            `The tasks did not stand still within ${timeoutMs} ms; one may be waiting for a disk or a network file system.`,
            { details: { cgroup: cgroup.cgroup } },
          );
        }
        await sleep(2);
      }
    },
  };
}
