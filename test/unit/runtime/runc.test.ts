import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { checkpointArguments, findRuncTarget } from '../../../node-agent/runtime/runc.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { temporaryDirectory } from '../../support/tls.ts';

const paths = (dockerRuntimes: string) => ({ library: '/none', run: '/none', dockerRuntimes });

test('a container is found under whichever runtime of Docker runs it', async (t) => {
  const directory = await temporaryDirectory(t);
  for (const [runtime, id] of [
    ['runtime-runc', 'other'],
    ['runtime-drover', 'wanted'],
    ['containerd', 'wanted'],
  ] as const) {
    await mkdir(join(directory, runtime, 'moby', id), { recursive: true });
    await writeFile(join(directory, runtime, 'moby', id, 'state.json'), '{}');
  }
  const container = { containerId: 'wanted', systemdCgroup: true };
  t.deepEqual(await findRuncTarget(paths(directory), container), {
    ...container,
    root: join(directory, 'runtime-drover/moby'),
  });
});

test('a container that no runtime knows, or that has no state, is not found', async (t) => {
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, 'runtime-runc/moby/halfway'), { recursive: true });
  for (const containerId of ['halfway', 'unknown']) {
    const error = await rejectionOf(findRuncTarget(paths(directory), { containerId, systemdCgroup: false }));
    t.is(error.code, 'CONTAINER_NOT_FOUND');
  }
  const nowhere = findRuncTarget(paths('/no/such/directory'), { containerId: 'c', systemdCgroup: false });
  t.is((await rejectionOf(nowhere)).code, 'CONTAINER_NOT_FOUND');
});

test('the systemd flag is a global one, and only given where Docker gives it', (t) => {
  const target = { root: '/r', containerId: 'c' };
  const directories = { images: '/i', work: '/w' };
  const [with_, without] = [true, false].map((systemdCgroup) =>
    checkpointArguments({ ...target, systemdCgroup }, directories),
  );
  t.is(with_?.indexOf('--systemd-cgroup'), 2);
  t.is(with_?.indexOf('checkpoint'), 3);
  t.false(without?.includes('--systemd-cgroup'));
});
