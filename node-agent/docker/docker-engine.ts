import type { Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import { DroverError } from '../../proto/index.ts';
import type { CreateBody, RestartPolicy } from './create-body.ts';
import { type Ask, asker, checked, ifCode, ifStatus } from './docker-calls.ts';
import type { DockerCall } from './docker-errors.ts';
import type {
  ContainerInspectInfo,
  ContainerSummary,
  Engine,
  EngineEvent,
  EngineInfo,
  ExecSession,
  ImageSummary,
  LogChunk,
  LogOptions,
} from './engine-port.ts';
import * as answers from './engine-schemas.ts';
import { containerSummaries, engineEvent, engineInfo, execSession, imageSummary } from './engine-views.ts';
import { jsonLines } from './json-lines.ts';
import { Docker } from './lean-dockerode.ts';
import { logFrames, rawOutput } from './log-frames.ts';
import { untilAborted } from './until-aborted.ts';

export interface DockerEngineOptions {
  readonly socketPath: string;
  /** Limit in ms of calls that should answer at once, e.g. inspect. */
  readonly callTimeoutMs: number;
  /** Limit in ms of calls that do work, e.g. create and remove. */
  readonly workTimeoutMs: number;
}

/** The engine behind Docker's unix socket. Opens no connection before the first call. */
export class DockerEngine implements Engine {
  readonly #docker: Dockerode;
  readonly #ask: Ask;
  readonly #quick: { readonly timeoutMs: number };
  readonly #workMs: number;

  constructor(options: DockerEngineOptions) {
    // Host and protocol are said so that DOCKER_HOST in the environment does not lead elsewhere.
    this.#docker = new Docker({ socketPath: options.socketPath, host: undefined, protocol: 'http' });
    this.#ask = asker(options.socketPath);
    this.#quick = { timeoutMs: options.callTimeoutMs };
    this.#workMs = options.workTimeoutMs;
  }

  async info(): Promise<EngineInfo> {
    const [info, version] = await Promise.all([
      this.#ask({ what: 'say what it is' }, this.#quick, () => this.#docker.info()),
      this.#ask({ what: 'tell its version' }, this.#quick, () => this.#docker.version()),
    ]);
    return engineInfo(checked('info', answers.infoSchema, info), checked('version', answers.versionSchema, version));
  }

  async list(): Promise<readonly ContainerSummary[]> {
    const list = await this.#ask({ what: 'list containers' }, this.#quick, (abortSignal) =>
      this.#docker.listContainers({ all: true, abortSignal }),
    );
    return containerSummaries(checked('list', answers.containerListSchema, list));
  }

  async inspect(container: string): Promise<ContainerInspectInfo> {
    const found = await this.#ask(aContainer('inspect', container), this.#quick, (abortSignal) =>
      this.#container(container).inspect({ abortSignal }),
    );
    checked('inspect', answers.inspectSchema, found);
    return found;
  }

  async execSessions({ ExecIDs }: Pick<ContainerInspectInfo, 'ExecIDs'>): Promise<readonly ExecSession[]> {
    const sessions = await Promise.all((ExecIDs ?? []).map((id) => this.#execSession(id)));
    return sessions.filter((session) => session !== undefined);
  }

  async create(name: string, body: CreateBody): Promise<string> {
    const call: DockerCall = { what: `create container ${name}`, subject: name, conflict: 'WORKLOAD_EXISTS' };
    // Without _query and _body dockerode would put the whole body into the URL as well.
    const options = { _query: { name }, _body: body } as Dockerode.ContainerCreateOptions;
    const created = await this.#ask({ ...call, image: body.Image }, { timeoutMs: this.#workMs }, (abortSignal) =>
      this.#docker.createContainer({ ...options, abortSignal }),
    );
    return created.id;
  }

  async start(container: string, signal?: AbortSignal): Promise<void> {
    await this.#ask(aContainer('start', container), { signal }, (abortSignal) =>
      this.#container(container).start({ abortSignal }),
    ).catch(ifStatus(304, undefined));
  }

  async stop(container: string, graceSeconds: number): Promise<void> {
    const limits = { timeoutMs: this.#workMs + graceSeconds * 1000 };
    await this.#ask(aContainer('stop', container), limits, (abortSignal) =>
      this.#container(container).stop({ t: graceSeconds, abortSignal }),
    ).catch(ifStatus(304, undefined));
  }

  async remove(container: string, { force }: { readonly force: boolean }): Promise<void> {
    const options = { force, v: true };
    await this.#ask(aContainer('remove', container), { timeoutMs: this.#workMs }, (abortSignal) =>
      this.#container(container).remove({ ...options, abortSignal } as Dockerode.ContainerRemoveOptions),
    ).catch(ifCode('CONTAINER_NOT_FOUND', undefined));
  }

  async removeImage(reference: string): Promise<void> {
    await this.#ask({ what: `remove the image ${reference}` }, { timeoutMs: this.#workMs }, () =>
      this.#docker.getImage(reference).remove(),
    ).catch(ifStatus(404, undefined));
  }

  async setRestartPolicy(container: string, policy: RestartPolicy): Promise<void> {
    const change = { RestartPolicy: { MaximumRetryCount: 0, ...policy } };
    await this.#ask(aContainer('set the restart policy of', container), this.#quick, () =>
      this.#container(container).update(change),
    );
  }

  async waitUntilStopped(container: string, signal: AbortSignal): Promise<number> {
    const result = await this.#ask(aContainer('wait for', container), { signal }, (abortSignal) =>
      this.#container(container).wait({ condition: 'not-running', abortSignal }),
    );
    return checked('wait', answers.waitSchema, result).StatusCode;
  }

  async findImage(reference: string): Promise<ImageSummary | undefined> {
    const image = await this.#ask(anImage('inspect', reference), this.#quick, () =>
      this.#docker.getImage(reference).inspect(),
    ).catch(ifCode('IMAGE_NOT_FOUND', undefined));
    return image && imageSummary(checked('inspect image', answers.imageSchema, image));
  }

  async hasImage(imageId: string): Promise<boolean> {
    return (await this.findImage(imageId))?.id === imageId;
  }

  async saveImage(reference: string): Promise<Readable> {
    // The timeout covers the answer's beginning only: dockerode's get takes no signal.
    const stream = await this.#ask(anImage('save', reference), { timeoutMs: this.#workMs }, () =>
      this.#docker.getImage(reference).get(),
    );
    return stream as Readable;
  }

  async loadImage(tar: Readable, signal?: AbortSignal): Promise<void> {
    await this.#ask({ what: 'load the image' }, { signal }, async (abortSignal) => {
      const progress = await this.#docker.loadImage(tar, { abortSignal });
      for await (const line of jsonLines(progress as AsyncIterable<Buffer>)) failOnError(line);
    });
  }

  async tagImage(imageId: string, name: string): Promise<void> {
    await this.#ask(anImage('name', imageId), this.#quick, (abortSignal) =>
      this.#docker.getImage(imageId).tag({ ...splitName(name), abortSignal }),
    );
  }

  async networks(): Promise<readonly string[]> {
    const list = await this.#ask({ what: 'list networks' }, this.#quick, (abortSignal) =>
      this.#docker.listNetworks({ abortSignal }),
    );
    return checked('networks', answers.networkListSchema, list).map(({ Name }) => Name);
  }

  async *logs(container: string, { follow, tail, signal }: LogOptions): AsyncGenerator<LogChunk> {
    const { Config } = await this.inspect(container);
    const query = { stdout: true, stderr: true, follow, tail: tail ?? 'all' };
    const stream = await this.#ask(aContainer('read the output of', container), { signal }, (abortSignal) =>
      this.#stream(`/containers/${encodeURIComponent(container)}/logs?`, query, abortSignal),
    );
    yield* untilAborted(signal, Config.Tty ? rawOutput(stream) : logFrames(stream));
  }

  async *events(signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const stream = await this.#ask({ what: 'tell its events' }, { signal }, (abortSignal) =>
      this.#docker.getEvents({ filters: { type: ['container'] }, abortSignal } as Dockerode.GetEventsOptions),
    );
    for await (const line of untilAborted(signal, jsonLines(stream as AsyncIterable<Buffer>))) {
      yield engineEvent(checked('events', answers.eventSchema, line));
    }
  }

  #container(id: string): Dockerode.Container {
    return this.#docker.getContainer(encodeURIComponent(id));
  }

  async #execSession(id: string): Promise<ExecSession | undefined> {
    const session = await this.#ask({ what: `inspect exec session ${id}` }, this.#quick, (abortSignal) =>
      this.#docker.getExec(id).inspect({ abortSignal }),
    ).catch(ifStatus(404, undefined));
    return session && execSession(checked('inspect exec session', answers.execSchema, session));
  }

  // dockerode's own logs() holds all output in memory, and parses it when it happens to be JSON, unless it follows.
  #stream(path: string, options: object, abortSignal: AbortSignal): Promise<Readable> {
    const statusCodes = { 200: true, 404: 'no such container', 500: 'server error' };
    return new Promise((resolve, reject) => {
      const request = { path, method: 'GET', isStream: true, options, abortSignal, statusCodes };
      this.#docker.modem.dial(request, (error: unknown, stream: unknown) =>
        error ? reject(error) : resolve(stream as Readable),
      );
    });
  }
}

function aContainer(verb: string, subject: string): DockerCall {
  return { what: `${verb} container ${subject}`, subject, notFound: 'CONTAINER_NOT_FOUND' };
}

function anImage(verb: string, subject: string): DockerCall {
  return { what: `${verb} image ${subject}`, subject, notFound: 'IMAGE_NOT_FOUND' };
}

// A port of a registry is no tag: host:5000/name has none.
function splitName(name: string): { repo: string; tag: string } {
  const at = name.lastIndexOf(':');
  return at > name.lastIndexOf('/')
    ? { repo: name.slice(0, at), tag: name.slice(at + 1) }
    : { repo: name, tag: 'latest' };
}

function failOnError(line: unknown): void {
  const { error, errorDetail } = checked('load', answers.loadProgressSchema, line);
  const said = errorDetail?.message ?? error;
  if (said !== undefined) throw new DroverError('DOCKER_FAILED', `Docker could not load the image: ${said}.`);
}
