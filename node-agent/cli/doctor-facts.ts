import { execFile } from 'node:child_process';
import { open, readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type DroverError, toDroverError } from '../../proto/index.ts';
import type { Engine, EngineInfo } from '../docker/engine-port.ts';
import { readOptional } from '../memory/read-optional.ts';
import { type InstallPlaces, runtimeFiles } from './install-places.ts';

/** How long a throw-away container took to be checkpointed and restored. */
export interface Proof {
  readonly dumpMs: number;
  readonly restoreMs: number;
}

/** Really checkpoints and restores a throw-away container. Rejects with what went wrong. */
export type ProveCheckpointRestore = () => Promise<Proof>;

/** What a machine is like, as far as Drover cares. */
export interface DoctorFacts {
  readonly engine: EngineInfo | DroverError;
  /** First line of `criu --version`; undefined when there is none. */
  readonly criu: string | undefined;
  readonly runc: string | undefined;
  readonly userfaultfd: boolean;
  readonly softDirty: boolean;
  readonly pressure: boolean;
  readonly memoryController: boolean;
  /** Runtime files that are absent, not executable or of another version. */
  readonly wrongFiles: readonly string[];
  readonly proof: Proof | DroverError;
}

export interface DoctorDependencies {
  readonly engine: Pick<Engine, 'info'>;
  readonly places: InstallPlaces;
  readonly proveCheckpointRestore: ProveCheckpointRestore;
}

/** Looks at this machine. Never rejects: what cannot be found out is a fact as well. */
export async function gatherDoctorFacts(dependencies: DoctorDependencies): Promise<DoctorFacts> {
  const { engine, places, proveCheckpointRestore } = dependencies;
  const info = await engine.info().catch((error: unknown) => toDroverError(error));
  return {
    engine: info,
    criu: await versionOf('criu'),
    runc: await versionOf('runc'),
    userfaultfd: (await readOptional('/proc/sys/vm/unprivileged_userfaultfd')) !== undefined,
    softDirty: await tracksSoftDirty().catch(() => false),
    pressure: await readFile('/proc/pressure/memory').then(...yesNo),
    memoryController: await hasMemoryController(),
    wrongFiles: await wrongFiles(places),
    // Last, since it is what the others are for.
    proof: await proveCheckpointRestore().catch((error: unknown) => toDroverError(error, 'CHECKPOINT_FAILED')),
  };
}

const yesNo = [() => true, () => false] as const;

async function versionOf(program: string): Promise<string | undefined> {
  const { stdout } = await promisify(execFile)(program, ['--version'], { timeout: 10_000 }).catch(() => ({
    stdout: '',
  }));
  return (
    stdout
      .split('\n')[0]
      ?.replace(/^(\S+ )?version:? /i, '')
      .trim() || undefined
  );
}

async function hasMemoryController(): Promise<boolean> {
  const unified = await readOptional('/sys/fs/cgroup/cgroup.controllers');
  if (unified?.split(/\s/).includes('memory')) return true;
  return stat('/sys/fs/cgroup/memory/memory.usage_in_bytes').then(...yesNo);
}

// The kernel marks every new page as soft-dirty (bit 55) if it tracks that at all; our own stack has such pages.
async function tracksSoftDirty(): Promise<boolean> {
  const stack = /^([0-9a-f]+)-([0-9a-f]+) .*\[stack\]$/m.exec(await readFile('/proc/self/maps', 'utf8'));
  const [first, last] = [Number.parseInt(stack?.[1] ?? '', 16), Number.parseInt(stack?.[2] ?? '', 16)];
  const pages = Math.floor((last - first) / pageBytes);
  const pagemap = await open('/proc/self/pagemap');
  try {
    const { buffer } = await pagemap.read(Buffer.alloc(pages * 8), 0, pages * 8, (first / pageBytes) * 8);
    return Array.from({ length: pages }, (_, at) => buffer.readBigUInt64LE(at * 8)).some(
      (entry) => ((entry >> 63n) & 1n) === 1n && ((entry >> 55n) & 1n) === 1n,
    );
  } finally {
    await pagemap.close();
  }
}

const pageBytes = 4096;

async function wrongFiles(places: InstallPlaces): Promise<string[]> {
  const checks = runtimeFiles(places).map(async ({ from, to }) => {
    const [wanted, found] = await Promise.all([readFile(from, 'utf8'), readOptional(to)]);
    const executable = found !== undefined && ((await stat(to)).mode & 0o111) === 0o111;
    return found === wanted && executable ? [] : [to];
  });
  return (await Promise.all(checks)).flat();
}
