import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { EngineFacts } from '../../proto/index.ts';
import { droverRuntime } from '../docker/container-spec.ts';
import type { Engine } from '../docker/engine-port.ts';

/** Versions and properties of this node that decide what can move here. What is not installed is an empty string. */
export async function engineFacts(engine: Pick<Engine, 'info'>): Promise<EngineFacts> {
  const [info, runc, criu] = await Promise.all([engine.info(), versionOf('runc'), versionOf('criu')]);
  return {
    ...{ runc, criu },
    docker: info.version,
    kernel: info.kernel,
    arch: info.arch,
    cpus: info.cpus,
    cgroupVersion: info.cgroupVersion,
    shimReady: info.runtimes.includes(droverRuntime),
    storageDriver: info.storageDriver,
  };
}

// runc prints "runc version 1.3.6+ds1", CRIU "Version: 4.2.1".
async function versionOf(program: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--version'], { timeout: 5_000 });
    return /version:? (\S+)/i.exec(stdout)?.[1] ?? '';
  } catch {
    return '';
  }
}
