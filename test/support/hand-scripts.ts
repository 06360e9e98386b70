import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import type { RuntimePaths } from '../../node-agent/runtime/paths.ts';
import { killIfThere } from './kill-if-there.ts';
import { temporaryDirectory } from './tls.ts';
import { until } from './until.ts';

// Compiled to dist/test/support.
const scripts = fileURLToPath(new URL('../../../node-agent/runtime/', import.meta.url));

/** Shells that the scripts must work with, as far as this machine has them. */
export const shells: readonly (readonly string[])[] = [
  ['/bin/sh'],
  ...[findBusybox()].filter((path) => path !== undefined).map((path) => [path, 'sh']),
];

function findBusybox(): string | undefined {
  const roots = existsSync('/var/cache/drover') ? readdirSync('/var/cache/drover') : [];
  const places = [
    ...(process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, 'busybox')),
    ...roots.map((root) => join('/var/cache/drover', root, 'usr/bin/busybox')),
  ];
  return places.find((path) => existsSync(path));
}

/** A node's directories with the two scripts installed, all of them temporary. */
export async function installedScripts(t: ExecutionContext): Promise<RuntimePaths> {
  const base = await temporaryDirectory(t);
  const paths = { library: join(base, 'lib'), run: join(base, 'run'), dockerRuntimes: join(base, 'docker') };
  await mkdir(paths.library);
  for (const name of ['drover-runc', 'criu-hold']) {
    await copyFile(join(scripts, `${name}.sh`), join(paths.library, name));
    await chmod(join(paths.library, name), 0o755);
  }
  return paths;
}

/** A process that a test started, which ends with it. */
export interface Started {
  readonly pid: number;
  readonly stdin: ChildProcess['stdin'];
  /** Kills it and everything that it started. */
  readonly kill: () => void;
  /** Whether it has ended. */
  readonly hasEnded: boolean;
  /** Resolves with its exit status, even if something that it started goes on. */
  readonly exited: Promise<number | null>;
  /** Resolves with the exit status and what it wrote, when it has ended and nobody holds its output. */
  readonly ended: Promise<{ status: number | null; stdout: string; stderr: string }>;
}

export function start(
  t: ExecutionContext,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Started {
  const [program = 'false', ...args] = command;
  // A session of its own, so that what it leaves behind can be found and ends with it.
  const child = spawn(program, args, { env: { ...process.env, ...env }, detached: true });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => {
    output.stdout += data;
  });
  child.stderr.on('data', (data) => {
    output.stderr += data;
  });
  child.stdin.on('error', () => undefined);
  const exited = once(child, 'exit').then(([status]) => status as number | null);
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, ...output }));
  const kill = () => {
    for (const pid of sessionOf(child.pid ?? 0)) killIfThere(pid);
  };
  t.teardown(async () => {
    kill();
    await exited;
    await until(() => sessionOf(child.pid ?? 0).length === 0);
  });
  return {
    pid: child.pid ?? 0,
    stdin: child.stdin,
    ...{ exited, ended, kill },
    get hasEnded() {
      return child.exitCode !== null || child.signalCode !== null;
    },
  };
}

// Not the process group: `timeout` makes one of its own. What has ended and was not waited for does not count.
function sessionOf(leader: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    const [state, , , session] = statOf(pid);
    return Number(session) === leader && state !== 'Z';
  });
}

// From the state on; the command before it may hold anything.
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(join('/proc', String(pid), 'stat'), 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
