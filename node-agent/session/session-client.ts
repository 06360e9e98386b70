import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import {
  type AgentSessionServiceClient,
  type Command,
  DroverError,
  type ErrorCode,
  type HandoverSignal,
  type Hello,
  type TlsIdentity,
  toDroverError,
} from '../../proto/index.ts';
import { type Backoff, backoffMs, defaultBackoff, refusedWaitMs } from './backoff.ts';
import { createCommandRunner, type Execute } from './command-runner.ts';
import { holdConnection } from './connection.ts';
import type { Report } from './heartbeats.ts';
import { createOutgoing } from './outgoing.ts';
import { type OutputChunk, sendOutput } from './output-stream.ts';

export interface SessionOptions {
  /** Asked for at each connection, so that a renewed certificate is used. */
  readonly tls: () => TlsIdentity;
  /** HOST:PORT. */
  readonly coordinator: string;
  /** Made anew for each session. */
  readonly hello: () => Promise<Hello>;
  readonly heartbeat: () => Promise<Report>;
  /** Does a command. Commands run concurrently; one id is done at most once. */
  readonly execute: Execute;
  readonly log: Logger;
  /** Defaults to 200 ms doubling to 10 s, and up to 60 s after a refusal. */
  readonly backoff?: Backoff;
  /** How long the coordinator may take to welcome. Defaults to 10,000. */
  readonly welcomeMs?: number;
  /** From 0 to below 1. Defaults to Math.random. */
  readonly random?: () => number;
}

/** This agent's side of the session with the coordinator. */
export interface AgentSession {
  /** Connects, and connects again whenever the session breaks, until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Sends news of a hand-over; while disconnected it is kept and sent afterwards. */
  signal(signal: HandoverSignal): void;
  /** Sends output that a FollowLogs command asked for; see `sendOutput`. Rejects COORDINATOR_UNREACHABLE without a session. */
  sendOutput(
    streamId: string,
    chunks: (signal: AbortSignal) => AsyncIterable<OutputChunk>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Reports soon instead of at the next interval. */
  reportSoon(): void;
  readonly connected: boolean;
}

// INVARIANTS: one connection at a time; commands outlive the connection that they came by, and end only with their deadline
// or with the agent; their results go up on whatever connection there is when they finish.
export function createSession(options: SessionOptions): AgentSession {
  const { tls, coordinator, log, backoff = defaultBackoff, welcomeMs = 10_000, random = Math.random } = options;
  const outgoing = createOutgoing({ monotonicMs: () => performance.now() });
  const stopping = new AbortController();
  const runner = createCommandRunner({ execute: options.execute, log, stop: stopping.signal });
  let open: { readonly client: AgentSessionServiceClient; readonly beatSoon: () => void } | undefined;
  let attempt = 0;
  let seq = 0;

  return {
    run,
    signal: outgoing.signal,
    sendOutput: async (streamId, chunks, signal) => {
      if (!open) throw new DroverError('COORDINATOR_UNREACHABLE', 'There is no session with the coordinator.');
      await sendOutput({ client: open.client, peer: `the coordinator at ${coordinator}`, streamId, chunks, signal });
    },
    reportSoon: () => open?.beatSoon(),
    get connected() {
      return open !== undefined;
    },
  };

  async function run(signal: AbortSignal): Promise<void> {
    const stop = () => stopping.abort(new DroverError('SHUTTING_DOWN', 'The agent is stopping.'));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    while (!signal.aborted) {
      const waitMs = await connect(signal).then(() => nextWaitMs(), waitAfter);
      open = undefined;
      outgoing.rewind(unsureMs);
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async function connect(stop: AbortSignal): Promise<void> {
    const hello = await options.hello();
    await holdConnection({
      ...{ coordinator, hello, outgoing, stop, log, welcomeMs },
      tls: tls(),
      report: options.heartbeat,
      nextSeq: () => ++seq,
      onWelcome: (connection) => {
        attempt = 0;
        open = connection;
        log.info({ coordinator }, 'session with the coordinator opened');
      },
      onCommand: (command) => void answer(command),
    });
    log.info({ coordinator }, 'session with the coordinator closed');
  }

  async function answer(command: Command): Promise<void> {
    outgoing.result(await runner.run(command));
    // What the command changed is reported at once, not at the next interval.
    open?.beatSoon();
  }

  function waitAfter(thrown: unknown): number {
    const { code, message } = toDroverError(thrown);
    const refused = refusals.has(code);
    const waitMs = refused ? refusedWaitMs(random(), backoff) : nextWaitMs();
    const next = Math.round(waitMs);
    if (refused) log.error({ code, retryInMs: next }, `The coordinator refuses this agent: ${message}`);
    else log.warn({ code, retryInMs: next }, `No session with the coordinator: ${message}`);
    return waitMs;
  }

  function nextWaitMs(): number {
    return backoffMs(attempt++, random(), backoff);
  }
}

// What was sent in this time before a session broke may not have arrived: a dead connection is found within 20 s.
const unsureMs = 30_000;

// Trying again soon does not help: a person must do something first.
const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'CERTIFICATE_INVALID',
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_REVOKED',
  'CA_MISMATCH',
  'NODE_EXISTS',
]);
