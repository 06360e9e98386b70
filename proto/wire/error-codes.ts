import { status } from '@grpc/grpc-js';

// Exit statuses that scripts rely on (see README, "Exit status").
export const exitStatus = { done: 0, failed: 1, usage: 2, refused: 3, partly: 4, timeout: 5, notFound: 6 } as const;

interface CodeFacts {
  readonly grpc: status;
  readonly exit: number;
  readonly retryable: boolean;
}

const failed = (grpc: status, retryable = false): CodeFacts => ({ grpc, exit: exitStatus.failed, retryable });
const refused = (grpc: status = status.FAILED_PRECONDITION): CodeFacts => ({
  grpc,
  exit: exitStatus.refused,
  retryable: false,
});
const notFound: CodeFacts = { grpc: status.NOT_FOUND, exit: exitStatus.notFound, retryable: false };
const timedOut: CodeFacts = { grpc: status.DEADLINE_EXCEEDED, exit: exitStatus.timeout, retryable: true };

/** Every error that Drover shows has one of these codes. Codes are stable: add, never rename. */
export const errorCodes = {
  // What was asked for does not make sense.
  BAD_USAGE: { grpc: status.INVALID_ARGUMENT, exit: exitStatus.usage, retryable: false },
  INVALID_ARGUMENT: { grpc: status.INVALID_ARGUMENT, exit: exitStatus.usage, retryable: false },
  BAD_MESSAGE: failed(status.INVALID_ARGUMENT),

  // What was asked for does not exist, or exists already.
  NODE_NOT_FOUND: notFound,
  WORKLOAD_NOT_FOUND: notFound,
  CONTAINER_NOT_FOUND: notFound,
  MIGRATION_NOT_FOUND: notFound,
  TOKEN_NOT_FOUND: notFound,
  IMAGE_NOT_FOUND: notFound,
  CONTEXT_NOT_FOUND: notFound,
  RECORD_NOT_FOUND: notFound,
  WORKLOAD_EXISTS: refused(status.ALREADY_EXISTS),
  NODE_EXISTS: refused(status.ALREADY_EXISTS),

  // Who may do what.
  UNAUTHENTICATED: failed(status.UNAUTHENTICATED),
  PERMISSION_DENIED: refused(status.PERMISSION_DENIED),
  CERTIFICATE_INVALID: failed(status.UNAUTHENTICATED),
  CERTIFICATE_EXPIRED: failed(status.UNAUTHENTICATED),
  CERTIFICATE_REVOKED: failed(status.UNAUTHENTICATED),
  CA_MISMATCH: failed(status.UNAUTHENTICATED),
  TOKEN_INVALID: failed(status.UNAUTHENTICATED),
  TOKEN_USED: failed(status.UNAUTHENTICATED),
  TOKEN_EXPIRED: failed(status.UNAUTHENTICATED),
  TOKEN_REVOKED: failed(status.UNAUTHENTICATED),

  // Refused before anything was touched.
  SAME_NODE: refused(),
  NODE_DOWN: refused(status.UNAVAILABLE),
  NODE_CORDONED: refused(),
  NODE_NOT_EMPTY: refused(),
  TARGET_TOO_SMALL: refused(),
  TARGET_INCOMPATIBLE: refused(),
  NO_TARGET: refused(),
  WORKLOAD_BUSY: refused(status.ABORTED),
  WORKLOAD_NOT_RUNNING: refused(),
  UNMOVABLE: refused(),
  STRATEGY_UNAVAILABLE: refused(status.UNIMPLEMENTED),
  MIGRATION_FINAL: refused(),
  TOO_LATE: refused(),
  STALE_EPOCH: refused(status.ABORTED),
  SHUTTING_DOWN: { grpc: status.UNAVAILABLE, exit: exitStatus.failed, retryable: true },

  // Something went wrong while it was being done.
  DOCKER_FAILED: failed(status.INTERNAL),
  DOCKER_UNREACHABLE: failed(status.UNAVAILABLE, true),
  SHIM_MISSING: refused(),
  FREEZE_FAILED: failed(status.INTERNAL),
  CHECKPOINT_FAILED: failed(status.INTERNAL),
  RESTORE_FAILED: failed(status.INTERNAL),
  TRANSFER_FAILED: failed(status.UNAVAILABLE, true),
  CHUNK_CORRUPT: failed(status.DATA_LOSS),
  CHECKPOINT_INVALID: failed(status.DATA_LOSS),
  AGENT_LOST: failed(status.UNAVAILABLE, true),
  CANCELLED: failed(status.CANCELLED),
  COORDINATOR_UNREACHABLE: failed(status.UNAVAILABLE, true),
  COORDINATOR_RESTARTED: failed(status.ABORTED),
  STORE_CONFLICT: failed(status.ABORTED, true),
  STORE_CORRUPT: failed(status.DATA_LOSS),
  STORE_LOCKED: refused(),
  REVISION_COMPACTED: failed(status.OUT_OF_RANGE),
  LEASE_LOST: failed(status.NOT_FOUND),
  TIMEOUT: timedOut,
  NOT_SUPPORTED: failed(status.UNIMPLEMENTED),
  INTERNAL: failed(status.INTERNAL),
} as const satisfies Record<string, CodeFacts>;

export type ErrorCode = keyof typeof errorCodes;

/** Whether a word read from outside is one of our codes. */
export function isErrorCode(word: unknown): word is ErrorCode {
  return typeof word === 'string' && Object.hasOwn(errorCodes, word);
}
