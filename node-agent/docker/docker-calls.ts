import type { ZodType } from 'zod';
import { DroverError } from '../../proto/index.ts';
import { type DockerCall, dockerError } from './docker-errors.ts';

/** What may end a call early. */
export interface CallLimits {
  /** In ms; without it the call may wait for ever. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Makes one call to Docker: within its limits, its failure a DroverError. */
export type Ask = <T>(call: DockerCall, limits: CallLimits, make: (signal: AbortSignal) => Promise<T>) => Promise<T>;

export function asker(socketPath: string): Ask {
  return async (call, limits, make) => {
    limits.signal?.throwIfAborted();
    const timeout = limits.timeoutMs === undefined ? undefined : AbortSignal.timeout(limits.timeoutMs);
    const signal = AbortSignal.any([timeout, limits.signal].filter((one) => one !== undefined));
    try {
      return await orAborted(make(signal), signal);
    } catch (error) {
      if (timeout?.aborted) throw tookTooLong(call, limits, error);
      if (limits.signal?.aborted) throw cancelled(call, limits.signal);
      throw dockerError(error, call, socketPath);
    }
  };
}

/** Docker's answer as the schema has it. Rejects DOCKER_FAILED when Docker answers something else. */
export function checked<T>(what: string, schema: ZodType<T>, answer: unknown): T {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const message = `Docker's answer to "${what}" cannot be read at ${issue?.path.join('.') || 'its top'}: this version of Docker is not known to Drover.`;
  throw new DroverError('DOCKER_FAILED', message, { cause: result.error });
}

/** For `catch`: turns the failure with this HTTP status into a value. */
export function ifStatus<T>(status: number, value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof DroverError && error.details.status === String(status)) return value;
    throw error;
  };
}

/** For `catch`: turns the failure with this code into a value. */
export function ifCode<T>(code: DroverError['code'], value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof DroverError && error.code === code) return value;
    throw error;
  };
}

// Not every function of dockerode takes a signal; the caller is let go either way.
function orAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    void result.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

function tookTooLong(call: DockerCall, limits: CallLimits, cause: unknown): DroverError {
  const seconds = Math.ceil((limits.timeoutMs ?? 0) / 1000);
  const message = `Docker did not ${call.what} within ${seconds} s: look at dockerd's log, and try again.`;
  return new DroverError('TIMEOUT', message, { cause });
}

function cancelled(call: DockerCall, signal: AbortSignal): DroverError {
  if (signal.reason instanceof DroverError) return signal.reason;
  return new DroverError('CANCELLED', `Docker was asked to ${call.what}, and was then told to stop.`, {
    cause: signal.reason,
  });
}
