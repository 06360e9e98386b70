import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { killIfThere } from './kill-if-there.ts';
import { untilTrue } from './until-true.ts';

const v1 = (controller: string) => join('/sys/fs/cgroup', controller);

/** Whether tests can make cgroups here: they need to be root. */
export const canMakeCgroups = process.getuid?.() === 0 && existsSync('/sys/fs/cgroup');

/** A cgroup of the test's own under this controller (v1) or the one hierarchy (v2); its processes end with the test. */
export async function ownCgroup(t: ExecutionContext, controller: string): Promise<{ add(pid: number): Promise<void> }> {
  const parent = existsSync(v1(controller)) ? v1(controller) : '/sys/fs/cgroup';
  const directory = join(parent, `drover-test-${randomBytes(4).toString('hex')}`);
  await mkdir(directory);
  const members = async () => (await readFile(join(directory, 'cgroup.procs'), 'utf8')).split('\n').filter(Boolean);
  t.teardown(async () => {
    await writeFile(join(directory, 'freezer.state'), 'THAWED').catch(() => undefined);
    await writeFile(join(directory, 'cgroup.freeze'), '0').catch(() => undefined);
    for (const pid of await members()) killIfThere(Number(pid));
    await untilTrue(async () => (await members()).length === 0, 'the cgroup is empty');
    await rmdir(directory);
  });
  return { add: (pid) => writeFile(join(directory, 'cgroup.procs'), String(pid)) };
}
