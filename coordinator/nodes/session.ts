import { randomUUID } from 'node:crypto';
import {
  asyncQueue,
  type Command,
  type CommandDone,
  type CommandResult,
  type ConnectResponse,
  DroverError,
  fromFailure,
} from '../../proto/index.ts';

export type CommandBody = NonNullable<Command['body']>;

export interface SendOptions {
  /** How long the caller waits; the agent is told to stop a little earlier, so that its own failure can still arrive. */
  readonly timeoutMs: number;
  /** Stops the wait, not the command: what the agent has begun it finishes. */
  readonly signal?: AbortSignal;
}

/** One open session of one node. */
export interface Session {
  readonly node: string;
  /** What goes to the agent; ends, or throws, with the session. */
  readonly messages: AsyncIterable<ConnectResponse>;
  welcome(heartbeatMs: number): void;
  send(body: CommandBody, options: SendOptions): Promise<CommandDone>;
  /** Resolves the command that the result is for; false when none waits for it. */
  settle(result: CommandResult): boolean;
  /** Ends the session; whoever waits is rejected with AGENT_LOST. With a reason the agent is told why. */
  end(reason?: DroverError): void;
  /** Aborted when the session has ended. */
  readonly ended: AbortSignal;
}

// INVARIANTS: every command that was sent is settled exactly once: by its result, its timeout, its caller or the session's end.
// Nothing is queued without a bound: an agent that does not read makes `send` reject, not the coordinator grow.
export function createSession(node: string, capacity = 1024): Session {
  const outbox = asyncQueue<ConnectResponse>(capacity);
  const waiting = new Map<string, (outcome: CommandResult['outcome'] | DroverError) => void>();
  const ended = new AbortController();

  return {
    node,
    messages: outbox,
    ended: ended.signal,
    welcome: (heartbeatMs) => void outbox.push({ body: { $case: 'welcome', value: { heartbeatMs } } }),
    send,
    settle: ({ commandId, outcome }) => {
      const settleOne = waiting.get(commandId);
      settleOne?.(outcome);
      return settleOne !== undefined;
    },
    end: (reason) => {
      if (ended.signal.aborted) return;
      ended.abort();
      for (const settleOne of [...waiting.values()]) settleOne(lost(node));
      if (reason) outbox.fail(reason);
      else outbox.close();
    },
  };

  function send(body: CommandBody, { timeoutMs, signal }: SendOptions): Promise<CommandDone> {
    if (ended.signal.aborted) return Promise.reject(lost(node));
    if (signal?.aborted) return Promise.reject(cancelled(node, signal));
    return new Promise((resolve, reject) => {
      const id = randomUUID();
      const stop = () => settleOne(cancelled(node, signal));
      const timer = setTimeout(() => settleOne(timedOut(node, body, timeoutMs)), timeoutMs);
      const settleOne = (outcome: CommandResult['outcome'] | DroverError) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', stop);
        waiting.delete(id);
        if (outcome instanceof DroverError) reject(outcome);
        else if (outcome?.$case === 'done') resolve(outcome.value);
        else reject(outcome ? fromFailure(outcome.value) : emptyResult(node));
      };
      waiting.set(id, settleOne);
      signal?.addEventListener('abort', stop, { once: true });
      const command: Command = { id, deadlineMs: agentDeadline(timeoutMs), body };
      if (!outbox.push({ body: { $case: 'command', value: command } })) settleOne(congested(node));
    });
  }
}

function agentDeadline(timeoutMs: number): number {
  return Math.max(1, Math.round(timeoutMs - Math.min(500, timeoutMs / 10)));
}

function lost(node: string): DroverError {
  return new DroverError('AGENT_LOST', `The session with ${node} broke before it answered.`, { details: { node } });
}

function congested(node: string): DroverError {
  return new DroverError('AGENT_LOST', `${node} does not take its commands; try again in a moment.`, {
    details: { node },
  });
}

function emptyResult(node: string): DroverError {
  return new DroverError('BAD_MESSAGE', `${node} answered with a result that has no outcome.`, { details: { node } });
}

function timedOut(node: string, body: CommandBody, timeoutMs: number): DroverError {
  return new DroverError('TIMEOUT', `${node} did not answer within ${timeoutMs} ms.`, {
    details: { node, command: body.$case },
  });
}

function cancelled(node: string, signal: AbortSignal | undefined): DroverError {
  const reason: unknown = signal?.reason;
  if (reason instanceof DroverError) return reason;
  return new DroverError('CANCELLED', `The wait for ${node} was cancelled.`, { details: { node }, cause: reason });
}
