import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { lab, labExec } from './lab.ts';
import { untilTrue } from './until-true.ts';

/** What one call of the CLI gave. */
export interface CliAnswer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the CLI against the lab's coordinator, as an operator would. Never rejects: the status tells. */
export function drover(...args: string[]): Promise<CliAnswer> {
  return new Promise((resolve) => {
    execFile(lab, ['drover', ...args], { maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

/** As `drover`, with `-o json`; rejects with what the CLI wrote to stderr when it fails. */
export async function droverJson<T = Record<string, unknown>>(...args: string[]): Promise<T> {
  const answer = await drover('-o', 'json', ...args);
  if (answer.status !== 0) throw new Error(`drover ${args.join(' ')}: ${answer.status} ${answer.stderr}`);
  return JSON.parse(answer.stdout) as T;
}

/** The error form of a call that was refused. */
export async function droverError(...args: string[]): Promise<{ status: number; code: string; message: string }> {
  const { status, stderr } = await drover('-o', 'json', ...args);
  const { error } = JSON.parse(stderr) as { error: { code: string; message: string } };
  return { status, ...error };
}

export interface MigrationJson {
  readonly id: string;
  readonly outcome: string;
  readonly from: string;
  readonly to: string;
  readonly bytes_sent: number;
  readonly frozen_ms: number;
  readonly downtime_ms: number;
}

/** Moves a workload and returns what happened; rejects when it did not commit. */
export async function migrate(workload: string, to: string): Promise<MigrationJson> {
  const { migration } = await droverJson<{ migration: MigrationJson }>('migrate', workload, '--to', to);
  return migration;
}

/** Runs an image as a workload of a fresh name on a node. */
export async function runWorkload(node: string, flags: readonly string[], ...command: string[]): Promise<string> {
  const name = `t-${randomBytes(4).toString('hex')}`;
  const answer = await drover('run', '-d', '--name', name, '--node', node, ...flags, ...command);
  if (answer.status !== 0) throw new Error(answer.stderr);
  return name;
}

/** Where the registry says that a workload is. */
export async function placeOf(workload: string): Promise<{ node: string; state: string; epoch: number }> {
  const { workloads } = await droverJson<{ workloads: { name: string; node: string; state: string; epoch: number }[] }>(
    'ps',
  );
  const found = workloads.find(({ name }) => name === workload);
  if (found === undefined) throw new Error(`${workload} is not in drover ps`);
  return found;
}

/** `docker inspect` of a container on a node. */
export async function inspect(node: string, name: string): Promise<Record<string, unknown>> {
  const [found] = JSON.parse(await labExec(node, 'docker', 'inspect', name)) as Record<string, unknown>[];
  if (found === undefined) throw new Error(`${name} is not on ${node}`);
  return found;
}

/** Containers of a node, running or not, by name. */
export async function containersOf(node: string): Promise<string[]> {
  const names = await labExec(node, 'docker', 'ps', '-a', '--format', '{{.Names}}');
  return names.split('\n').filter((name) => name !== '');
}

/** Asks an HTTP function on a node until it answers, for at most ten seconds. */
export async function ask<T>(node: string, port: number, path = '/'): Promise<T> {
  const url = `http://${addressOf(node)}:${port}${path}`;
  return untilTrue(async () => {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    return response?.ok === true ? ((await response.json()) as T) : undefined;
  }, `${url} answers`);
}

/** The address of a node on the lab's bridge: edge-N is .(10+N). */
export function addressOf(node: string): string {
  const subnet = process.env.DROVER_LAB_SUBNET ?? '10.88.0';
  return `${subnet}.${10 + Number(node.replace('edge-', ''))}`;
}

/** Runs a lab command other than exec, such as a fault. */
export function labCommand(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(lab, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (output += data));
    child.on('close', (status) =>
      status === 0 ? resolve(output) : reject(new Error(`lab ${args.join(' ')}: ${output}`)),
    );
  });
}

/** A path in the project, from compiled code. */
export function projectPath(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}
