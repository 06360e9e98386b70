import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CreateBody } from '../../node-agent/docker/create-body.ts';
import type { ContainerInspectInfo, Engine } from '../../node-agent/docker/engine-port.ts';
import { DroverError, type ErrorCode } from '../../proto/index.ts';
import { anInspect } from './an-inspect.ts';

export const imageId = 'sha256:1';

interface FakeContainer {
  readonly id: string;
  readonly name: string;
  readonly body: CreateBody;
  pid: number;
  running: boolean;
  restartPolicy: string;
}

/** An engine whose containers are records and directories. What starting one means, the test says. */
export class FakeDocker {
  readonly containers = new Map<string, FakeContainer>();
  readonly images = new Set([imageId]);
  /** Calls that change something, e.g. "remove id-of-web". */
  readonly changes: string[] = [];
  /** Calls that fail, by name, each with its code, until it is taken out again. */
  readonly failing = new Map<string, ErrorCode>();
  readonly directory: string;
  private readonly starting = new Map<string, Promise<void>>();
  private readonly onStart: (id: string) => Promise<void>;

  constructor(directory: string, onStart: (id: string) => Promise<void> = async () => undefined) {
    this.directory = directory;
    this.onStart = onStart;
  }

  /** As the port that the agent's parts want. What they do not use is not there. */
  get engine(): Engine {
    return this as unknown as Engine;
  }

  async info() {
    return { cgroupDriver: 'cgroupfs' };
  }

  async create(name: string, body: CreateBody): Promise<string> {
    this.changed('create', name);
    if ([...this.containers.values()].some((container) => container.name === name)) {
      throw new DroverError('WORKLOAD_EXISTS', 'The name is taken.');
    }
    const id = `id-of-${name}`;
    for (const part of ['upper', 'merged']) await mkdir(join(this.directory, id, part), { recursive: true });
    this.containers.set(id, { id, name, body, pid: 0, running: false, restartPolicy: 'no' });
    return id;
  }

  async inspect(container: string): Promise<ContainerInspectInfo> {
    this.fail('inspect');
    const { id, name, pid, running, restartPolicy } = this.require(container);
    const directory = join(this.directory, id);
    const inspect = anInspect({
      State: { Pid: pid, Running: running },
      Config: { Image: 'drover/app' },
      HostConfig: { RestartPolicy: { Name: restartPolicy, MaximumRetryCount: 0 } },
    });
    const Data = { UpperDir: join(directory, 'upper'), MergedDir: join(directory, 'merged') };
    return { ...inspect, Id: id, Name: `/${name}`, Image: imageId, GraphDriver: { Name: 'overlay2', Data } } as never;
  }

  async start(id: string): Promise<void> {
    this.changed('start', id);
    const start = this.onStart(id);
    this.starting.set(id, start);
    await start;
    this.require(id).running = true;
  }

  async remove(id: string): Promise<void> {
    this.changed('remove', id);
    // As Docker does: whoever starts a container holds its lock.
    await this.starting.get(id)?.catch(() => undefined);
    this.containers.delete(id);
    await rm(join(this.directory, id), { recursive: true, force: true });
  }

  async setRestartPolicy(id: string, { Name }: { Name: string }): Promise<void> {
    this.changed('policy', id);
    this.require(id).restartPolicy = Name;
  }

  async hasImage(id: string): Promise<boolean> {
    return this.images.has(id);
  }

  async findImage(reference: string): Promise<{ id: string } | undefined> {
    return this.images.has(reference) ? { id: reference } : undefined;
  }

  async tagImage(): Promise<void> {}

  async loadImage(archive: AsyncIterable<unknown>): Promise<void> {
    for await (const _ of archive);
    this.images.add(imageId);
  }

  private changed(call: string, what: string): void {
    this.fail(call);
    this.changes.push(`${call} ${what}`);
  }

  private fail(call: string): void {
    const code = this.failing.get(call);
    if (code !== undefined) throw new DroverError(code, `Docker failed to ${call}.`);
  }

  private require(id: string): FakeContainer {
    const container = this.containers.get(id);
    if (container === undefined) throw new DroverError('CONTAINER_NOT_FOUND', `No container ${id}.`);
    return container;
  }
}
