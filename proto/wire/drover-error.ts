import type { Failure } from '../gen/drover/v1/common.ts';
import { type ErrorCode, errorCodes, isErrorCode } from './error-codes.ts';

/** Facts behind an error's sentence. Values are strings, so that they survive every wire. */
export type ErrorDetails = Readonly<Record<string, string>>;

/** The one error class: a stable code, a sentence that says what to do, and facts. */
export class DroverError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DroverError';
    this.code = code;
    this.details = options.details ?? {};
  }

  get retryable(): boolean {
    return errorCodes[this.code].retryable;
  }

  get exit(): number {
    return errorCodes[this.code].exit;
  }
}

/** Any thrown value as a DroverError; a deadline becomes TIMEOUT, what else is none INTERNAL, and both keep their cause. */
export function toDroverError(error: unknown, fallback: ErrorCode = 'INTERNAL'): DroverError {
  if (error instanceof DroverError) return error;
  if (isTimeout(error)) return new DroverError('TIMEOUT', 'It took longer than it may.', { cause: error });
  const message = error instanceof Error ? error.message : String(error);
  return new DroverError(fallback, message, { cause: error });
}

/** Whether a value is what signals with a deadline abort with. */
export function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}

/** The error as it travels inside messages. */
export function toFailure(error: unknown): Failure {
  const { code, message, details } = toDroverError(error);
  return { code, message, details };
}

/** The error that a message carried. Codes that this version does not know become INTERNAL. */
export function fromFailure(failure: Failure): DroverError {
  const code = isErrorCode(failure.code) ? failure.code : 'INTERNAL';
  return new DroverError(code, failure.message, { details: failure.details });
}
