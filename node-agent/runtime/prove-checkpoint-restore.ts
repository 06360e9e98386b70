import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { droverRuntime } from '../docker/container-spec.ts';
import type { Engine } from '../docker/engine-port.ts';
import { ControlDirectory } from './control-directory.ts';
import { prepareDump, startDump } from './dump.ts';
import { freezerOf } from './freezer.ts';
import type { RuntimePaths } from './paths.ts';
import { probeImage, probeImageArchive } from './probe-image.ts';
import { createTicket } from './restore-ticket.ts';
import { findRuncTarget } from './runc.ts';

/** How long the two halves of the proof took. */
export interface Proof {
  readonly dumpMs: number;
  readonly restoreMs: number;
}

interface ProofDependencies {
  readonly engine: Engine;
  readonly paths: RuntimePaths;
  /** A directory on the disk that checkpoints will go to. */
  readonly directory: string;
  readonly timeoutMs: number;
}

/**
 * Checkpoints a throw-away container and restores it under the shim, exactly as a migration does, and leaves nothing
 * behind. Throws what a migration would: CHECKPOINT_FAILED, RESTORE_FAILED, SHIM_MISSING, …
 */
export async function proveCheckpointRestore(dependencies: ProofDependencies): Promise<Proof> {
  const { engine, paths, timeoutMs } = dependencies;
  const name = `drover-probe-${randomBytes(4).toString('hex')}`;
  const directory = join(dependencies.directory, name);
  const control = new ControlDirectory(join(paths.run, 'dump', name));
  const containers: string[] = [];
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    await engine.loadImage(await probeImageArchive(dockerArch((await engine.info()).arch)), signal);
    const body = { Image: probeImage, HostConfig: {} };
    containers.push(await engine.create(name, body));
    await engine.start(name, signal);
    const dumpMs = await dump(dependencies, { name, control, directory, signal });
    containers.push(await engine.create(`${name}-2`, { ...body, HostConfig: { Runtime: droverRuntime } }));
    const restoreMs = await restore(dependencies, { containerId: containers[1] ?? '', directory, signal });
    return { dumpMs, restoreMs };
  } finally {
    for (const container of containers) await engine.remove(container, { force: true });
    await engine.removeImage(probeImage);
    await rm(directory, { recursive: true, force: true });
    await rm(control.path, { recursive: true, force: true });
  }
}

async function dump(
  { engine, paths }: ProofDependencies,
  probe: { name: string; control: ControlDirectory; directory: string; signal: AbortSignal },
): Promise<number> {
  const { Id: containerId, State } = await engine.inspect(probe.name);
  const { cgroupDriver } = await engine.info();
  const images = join(probe.directory, 'images');
  await prepareDump(probe.control, { images, holdScript: join(paths.library, 'criu-hold') });
  const target = await findRuncTarget(paths, { containerId, systemdCgroup: cgroupDriver === 'systemd' });
  const freezer = await freezerOf(State.Pid);
  const held = startDump(probe.control, target, images);
  await held.ready(probe.signal);
  const begun = performance.now();
  try {
    await freezer.freeze(10_000);
    await held.proceed();
    await held.dumped(probe.signal);
    const dumpMs = performance.now() - begun;
    await held.release(probe.signal);
    return dumpMs;
  } finally {
    await freezer.thaw();
  }
}

async function restore(
  { engine, paths }: ProofDependencies,
  probe: { containerId: string; directory: string; signal: AbortSignal },
): Promise<number> {
  const images = join(probe.directory, 'images');
  const ticket = await createTicket(paths, {
    containerId: probe.containerId,
    images,
    deadlineS: 60,
    networkFirst: false,
  });
  try {
    const started = engine.start(probe.containerId, probe.signal);
    started.catch(() => undefined);
    const begun = performance.now();
    await ticket.restore();
    await Promise.race([ticket.restored(probe.signal), started]);
    const restoreMs = performance.now() - begun;
    await ticket.run(probe.signal);
    await started;
    return restoreMs;
  } finally {
    await ticket.abort();
    await ticket.remove();
  }
}

function dockerArch(arch: string): string {
  const words: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64', armv7l: 'arm' };
  return words[arch] ?? arch;
}
