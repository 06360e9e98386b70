import { DroverError } from '../../proto/index.ts';
import { droverRuntime } from '../docker/container-spec.ts';
import type { EngineInfo } from '../docker/engine-port.ts';
import type { DoctorFacts } from './doctor-facts.ts';

/** One thing that Drover needs, or could use, on a node. */
export interface Check {
  readonly name: string;
  /** A node with a `fail` cannot move containers; a `warn` costs speed, insight or safety. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly found: string;
  /** What to do; empty when all is well. */
  readonly advice: string;
}

/** Judges the facts of a machine. Pure. */
export function doctorChecks(facts: DoctorFacts): Check[] {
  return [
    ...engineChecks(facts.engine),
    check('runc', facts.runc ?? 'absent', facts.runc !== undefined, 'fail', 'Install runc and have it in the PATH.'),
    check(
      'criu',
      facts.criu ?? 'absent',
      facts.criu !== undefined,
      'fail',
      'Install CRIU 4.2 or newer: `apt install criu`, or from criu.org where the distribution is older.',
    ),
    filesCheck(facts),
    memoryControllerCheck(facts),
    check(
      'userfaultfd',
      facts.userfaultfd ? 'yes' : 'no',
      facts.userfaultfd,
      'warn',
      'Post-copy migration needs a kernel with CONFIG_USERFAULTFD; cold migration works without.',
    ),
    check(
      'soft-dirty',
      facts.softDirty ? 'yes' : 'no',
      facts.softDirty,
      'warn',
      'Pre-copy migration needs a kernel with CONFIG_MEM_SOFT_DIRTY; cold migration works without.',
    ),
    check(
      'pressure (PSI)',
      facts.pressure ? 'yes' : 'no',
      facts.pressure,
      'warn',
      'Memory pressure is seen late without it: boot with psi=1, on a kernel with CONFIG_PSI.',
    ),
    proofCheck(facts),
  ];
}

/** Whether containers can be moved from and to this machine. */
export function isHealthy(checks: readonly Check[]): boolean {
  return checks.every(({ status }) => status !== 'fail');
}

function engineChecks(engine: EngineInfo | DroverError): Check[] {
  if (engine instanceof DroverError) return [check('docker', 'unreachable', false, 'fail', engine.message)];
  const overlay2 = engine.storageDriver === 'overlay2';
  const shim = engine.runtimes.includes(droverRuntime);
  return [
    check('docker', `${engine.version} (API ${engine.apiVersion})`, true, 'fail', ''),
    check(
      'live-restore',
      engine.liveRestore ? 'on' : 'off',
      engine.liveRestore,
      'warn',
      'Set "live-restore": true in daemon.json, or a crash of dockerd stops every container.',
    ),
    check(
      'storage driver',
      engine.storageDriver,
      overlay2,
      'fail',
      'Set "storage-driver": "overlay2" and, on Docker 29, "features": {"containerd-snapshotter": false} in daemon.json.',
    ),
    check('cgroups', `version ${engine.cgroupVersion}, ${engine.cgroupDriver}`, true, 'fail', ''),
    check('shim', shim ? 'registered' : 'not registered', shim, 'fail', 'Run `drover agent install` as root.'),
  ];
}

function filesCheck({ wrongFiles }: DoctorFacts): Check {
  const found = wrongFiles.length === 0 ? 'in place' : `not as they should be: ${wrongFiles.join(', ')}`;
  return check('runtime files', found, wrongFiles.length === 0, 'fail', 'Run `drover agent install` as root.');
}

function memoryControllerCheck({ memoryController }: DoctorFacts): Check {
  const advice =
    'The memory of containers cannot be seen: boot with cgroup_enable=memory (Raspberry Pi: in cmdline.txt).';
  return check('memory cgroup', memoryController ? 'yes' : 'no', memoryController, 'warn', advice);
}

function proofCheck({ proof }: DoctorFacts): Check {
  const name = 'checkpoint and restore';
  if (proof instanceof DroverError) return check(name, `failed: ${proof.message}`, false, 'fail', failedProof);
  const { dumpMs, restoreMs } = proof;
  return check(name, `dump ${Math.round(dumpMs)} ms, restore ${Math.round(restoreMs)} ms`, true, 'fail', '');
}

const failedProof =
  'Set right what fails above, then run `drover doctor` again as root; CRIU older than 4.2 fails on new kernels.';

function check(name: string, found: string, isWell: boolean, otherwise: 'warn' | 'fail', advice: string): Check {
  return { name, status: isWell ? 'ok' : otherwise, found, advice: isWell ? '' : advice };
}
