import { DroverError, type SourceCheck } from '../../proto/index.ts';
import { droverRuntime } from '../docker/container-spec.ts';
import { type CreateBody, parseCreateBody } from '../docker/create-body.ts';
import type { ContainerSummary, Engine, EngineInfo, ImageSummary } from '../docker/engine-port.ts';
import { type ListeningSocket, listeningSockets } from './listening-sockets.ts';
import { portRefusals } from './port-refusals.ts';

/** What a workload needs of the node that is to take it. */
export interface TargetNeed {
  readonly workload: string;
  readonly memoryBytes: number;
  readonly body: CreateBody;
}

/** What a node has. */
export interface TargetFacts {
  readonly engine: EngineInfo;
  readonly containers: readonly ContainerSummary[];
  readonly networks: readonly string[];
  /** The workload's image, when it is here already. */
  readonly image: ImageSummary | undefined;
  readonly listening: readonly ListeningSocket[];
  readonly memoryAvailableBytes: number;
  readonly diskFreeBytes: number;
}

export interface TargetCheckDependencies {
  readonly engine: Pick<Engine, 'info' | 'list' | 'networks' | 'findImage'>;
  readonly memory: () => Promise<{ readonly availableBytes: number; readonly diskFreeBytes: number }>;
  readonly procDir?: string;
}

const MiB = 2 ** 20;
const leastHeadroomBytes = 32 * MiB;
const diskHeadroomBytes = 64 * MiB;

/** Rejects with the first thing that keeps this node from taking a workload. Changes nothing. */
export async function checkTarget(
  dependencies: TargetCheckDependencies,
  request: { readonly workload: string; readonly source: SourceCheck },
): Promise<void> {
  const { workload, source } = request;
  const need = { workload, memoryBytes: source.memoryBytes, body: parseCreateBody(source.createJson) };
  const facts = await gatherTargetFacts(dependencies, source.imageId);
  const [refusal] = targetRefusals(need, facts);
  if (refusal !== undefined) throw refusal;
}

/** Everything that keeps a node from taking a workload, the most fundamental first. Pure. */
export function targetRefusals(need: TargetNeed, facts: TargetFacts): DroverError[] {
  return [
    ...shimRefusals(facts),
    ...storageRefusals(facts),
    ...architectureRefusals(facts),
    ...nameRefusals(need, facts),
    ...networkRefusals(need, facts),
    ...portRefusals(need, facts),
    ...memoryRefusals(need, facts),
    ...diskRefusals(need, facts),
  ];
}

/** Memory in bytes that a node must have available to take a workload: a tenth more than it uses, at least 32 MiB more. */
export function neededMemoryBytes(memoryBytes: number): number {
  return memoryBytes + Math.max(leastHeadroomBytes, Math.ceil(memoryBytes / 10));
}

async function gatherTargetFacts(dependencies: TargetCheckDependencies, imageId: string): Promise<TargetFacts> {
  const { engine, memory, procDir } = dependencies;
  const [info, containers, networks, image, listening, { availableBytes, diskFreeBytes }] = await Promise.all([
    engine.info(),
    engine.list(),
    engine.networks(),
    engine.findImage(imageId),
    listeningSockets('self', procDir),
    memory(),
  ]);
  const room = { memoryAvailableBytes: availableBytes, diskFreeBytes };
  return { engine: info, containers, networks, image, listening, ...room };
}

function shimRefusals({ engine }: TargetFacts): DroverError[] {
  if (engine.runtimes.includes(droverRuntime)) return [];
  return [incompatible('Docker on this node does not know the drover runtime: run `drover agent install` there.')];
}

function storageRefusals({ engine }: TargetFacts): DroverError[] {
  if (engine.storageDriver === 'overlay2') return [];
  const driver = engine.storageDriver;
  return [incompatible(`Docker on this node uses the storage driver ${driver}: set "overlay2" in its daemon.json.`)];
}

const goArchitectures: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  armv7l: 'arm',
  armv6l: 'arm',
  i686: '386',
};

// An image that has yet to come was checked by the coordinator, which knows the architecture of both nodes.
function architectureRefusals({ engine, image }: TargetFacts): DroverError[] {
  const own = goArchitectures[engine.arch] ?? engine.arch;
  if (image === undefined || image.arch === own) return [];
  return [
    incompatible(`The image is for ${image.arch} and this node is ${own}: choose a node of the same architecture.`),
  ];
}

function nameRefusals({ workload }: TargetNeed, { containers }: TargetFacts): DroverError[] {
  if (!containers.some(({ name }) => name === workload)) return [];
  const message = `There is a container called ${workload} on this node already: rename or remove it, or choose another node.`;
  return [new DroverError('WORKLOAD_EXISTS', message)];
}

const everywhere = new Set(['', 'default', 'bridge', 'host', 'none']);

function networkRefusals({ body }: TargetNeed, { networks }: TargetFacts): DroverError[] {
  const endpoints = Object.keys(body.NetworkingConfig?.EndpointsConfig ?? {});
  const wanted = new Set([body.HostConfig.NetworkMode ?? '', ...endpoints]);
  return [...wanted]
    .filter((name) => !everywhere.has(name) && !networks.includes(name))
    .map((name) =>
      incompatible(`There is no network ${name} on this node: make it with \`docker network create ${name}\`.`),
    );
}

function memoryRefusals({ memoryBytes }: TargetNeed, { memoryAvailableBytes: available }: TargetFacts): DroverError[] {
  const needed = neededMemoryBytes(memoryBytes);
  return needed <= available ? [] : [tooSmall('memory', needed, available)];
}

// A checkpoint may have to lie on disk in whole.
function diskRefusals({ memoryBytes }: TargetNeed, { diskFreeBytes: available }: TargetFacts): DroverError[] {
  const needed = memoryBytes + diskHeadroomBytes;
  return needed <= available ? [] : [tooSmall('disk space', needed, available)];
}

function tooSmall(what: string, needed: number, available: number): DroverError {
  const message = `The workload needs ${mebibytes(needed)} of ${what} with headroom, and this node has ${mebibytes(available)}: free some, or choose another node.`;
  return new DroverError('TARGET_TOO_SMALL', message, {
    details: { needed_bytes: String(needed), available_bytes: String(available) },
  });
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / MiB)} MiB`;
}

function incompatible(message: string): DroverError {
  return new DroverError('TARGET_INCOMPATIBLE', message);
}
