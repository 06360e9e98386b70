import { DroverError, type ErrorCode } from '../../proto/index.ts';

/** What was being asked of Docker when it failed. */
export interface DockerCall {
  /** Verb for the sentence, e.g. "inspect container web". */
  readonly what: string;
  /** The container, image or name in question. */
  readonly subject?: string;
  readonly notFound?: Extract<ErrorCode, 'CONTAINER_NOT_FOUND' | 'IMAGE_NOT_FOUND'>;
  /** Image that a container is being created from. */
  readonly image?: string;
  /** What a conflict means; WORKLOAD_EXISTS when a container is being created. */
  readonly conflict?: Extract<ErrorCode, 'WORKLOAD_EXISTS'>;
}

const unreachable = new Set(['ECONNREFUSED', 'ENOENT', 'EACCES', 'EPIPE', 'ECONNRESET', 'ENOTSOCK', 'EPERM']);

/** Any failure of a call to Docker as a DroverError that keeps Docker's own message. */
export function dockerError(error: unknown, call: DockerCall, socketPath: string): DroverError {
  if (error instanceof DroverError) return error;
  const { statusCode, code } = error as { statusCode?: number; code?: string };
  if (statusCode === undefined && code !== undefined && unreachable.has(code)) {
    const message = `Docker does not answer at ${socketPath} (${code}): start it with \`systemctl start docker\`, or name its socket with --docker-socket.`;
    return new DroverError('DOCKER_UNREACHABLE', message, { cause: error });
  }
  return answered(error, call, statusCode);
}

function answered(error: unknown, call: DockerCall, statusCode: number | undefined): DroverError {
  const said = dockerMessage(error);
  const subject = call.subject ?? '';
  // Creating a container answers 404 for a missing image.
  if (statusCode === 404 && (call.notFound === 'IMAGE_NOT_FOUND' || /no such image/i.test(said))) {
    const message = `There is no image ${call.image ?? subject} on this node: pull or load it first.`;
    return new DroverError('IMAGE_NOT_FOUND', message, { cause: error });
  }
  if (statusCode === 404 && call.notFound !== undefined && /no such container/i.test(said)) {
    return new DroverError(call.notFound, `There is no container ${subject} on this node: see \`docker ps -a\`.`, {
      cause: error,
    });
  }
  if (statusCode === 409 && call.conflict !== undefined) {
    const message = `There is a container called ${subject} on this node already: rename or remove it, or choose another name.`;
    return new DroverError(call.conflict, message, { cause: error });
  }
  return new DroverError('DOCKER_FAILED', `Docker could not ${call.what}: ${said.replace(/\.?\s*$/, '')}.`, {
    details: statusCode === undefined ? {} : { status: String(statusCode) },
    cause: error,
  });
}

function dockerMessage(error: unknown): string {
  const { json } = error as { json?: unknown };
  if (typeof json === 'object' && json !== null && 'message' in json) return String(json.message);
  return error instanceof Error ? error.message : String(error);
}
