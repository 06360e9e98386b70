import type { Readable } from 'node:stream';
import type { ContainerInspectInfo } from 'dockerode';
import type { Port } from '../../proto/index.ts';
import type { CreateBody, RestartPolicy } from './create-body.ts';

export type { ContainerInspectInfo } from 'dockerode';

/** Versions and properties of an engine. */
export interface EngineInfo {
  readonly version: string;
  readonly apiVersion: string;
  /** As `uname -m` says it, e.g. x86_64. */
  readonly arch: string;
  readonly kernel: string;
  readonly cpus: number;
  readonly cgroupVersion: '1' | '2';
  readonly cgroupDriver: string;
  readonly storageDriver: string;
  /** True when containers outlive a crash of dockerd. */
  readonly liveRestore: boolean;
  /** Names of the registered OCI runtimes, e.g. runc, drover. */
  readonly runtimes: readonly string[];
  /** Empty when the engine does not say. */
  readonly runcVersion: string;
  /** Directory of images and containers. */
  readonly rootDir: string;
}

export interface ContainerSummary {
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  /** Docker's word: created, running, paused, restarting, exited, dead, removing. */
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly Port[];
}

export interface ImageSummary {
  /** sha256:… */
  readonly id: string;
  readonly tags: readonly string[];
  /** Go's word, e.g. amd64. */
  readonly arch: string;
  readonly sizeBytes: number;
}

/** One `docker exec` of a container. */
export interface ExecSession {
  readonly id: string;
  readonly running: boolean;
  readonly command: readonly string[];
}

export interface LogChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

export interface EngineEvent {
  /** Docker's word, e.g. start, die, destroy, rename. */
  readonly action: string;
  readonly containerId: string;
  readonly name: string;
}

/**
 * What the agent asks of a container engine. Every call rejects with a DroverError: DOCKER_UNREACHABLE,
 * CONTAINER_NOT_FOUND, IMAGE_NOT_FOUND, WORKLOAD_EXISTS (the name is taken), TIMEOUT, CANCELLED, else DOCKER_FAILED.
 */
export interface Engine {
  info(): Promise<EngineInfo>;
  /** All containers, running or not. Answers even while a container's lock is held by a waiting start. */
  list(): Promise<readonly ContainerSummary[]>;
  /** By id or name. Waits as long as a start of that container does, up to the engine's call timeout. */
  inspect(container: string): Promise<ContainerInspectInfo>;
  /** The container's exec sessions that Docker still knows; a vanished one is left out. */
  execSessions(inspect: Pick<ContainerInspectInfo, 'ExecIDs'>): Promise<readonly ExecSession[]>;
  /** Returns the id. */
  create(name: string, body: CreateBody): Promise<string>;
  /** Has no timeout of its own, because a restore waits in it; end it with the signal. */
  start(container: string, signal?: AbortSignal): Promise<void>;
  /** Sends SIGTERM (or the container's own stop signal), and SIGKILL after the grace. Stopped already is fine. */
  stop(container: string, graceSeconds: number): Promise<void>;
  /** An absent container is fine. Anonymous volumes go with it. */
  remove(container: string, options: { readonly force: boolean }): Promise<void>;
  setRestartPolicy(container: string, policy: RestartPolicy): Promise<void>;
  /** Resolves with the exit code once the container does not run. */
  waitUntilStopped(container: string, signal: AbortSignal): Promise<number>;
  /** The image that an id or a name stands for, undefined when there is none. */
  findImage(reference: string): Promise<ImageSummary | undefined>;
  hasImage(imageId: string): Promise<boolean>;
  /** The image as a tar archive. Saved by id it carries no names. Destroy the stream to give up. */
  saveImage(reference: string): Promise<Readable>;
  /** Resolves once the engine has taken in the whole archive. */
  loadImage(tar: Readable, signal?: AbortSignal): Promise<void>;
  /** Gives an image a name such as drover/fn-node:latest. A name that stands for another image moves. */
  tagImage(imageId: string, name: string): Promise<void>;
  /** Takes a name away from an image, and the image when it was its last. Absent is fine. */
  removeImage(reference: string): Promise<void>;
  /** Names of all networks. */
  networks(): Promise<readonly string[]>;
  /** Ends when the container's output does, or when the signal is aborted. */
  logs(container: string, options: LogOptions): AsyncIterable<LogChunk>;
  /** Container events from now on. Ends when the signal is aborted or the engine goes away. */
  events(signal: AbortSignal): AsyncIterable<EngineEvent>;
}

export interface LogOptions {
  readonly follow: boolean;
  /** Lines from the end; all of them when absent. */
  readonly tail?: number;
  readonly signal: AbortSignal;
}
