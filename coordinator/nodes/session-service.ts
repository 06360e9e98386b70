import type { Logger } from 'pino';
import {
  type AgentSessionServiceServer,
  type CallContext,
  type ConnectRequest,
  type ConnectResponse,
  DroverError,
  type Heartbeat,
  type Hello,
  type Identity,
  type SendOutputRequest,
  type SendOutputResponse,
  type serverCalls,
  toDroverError,
} from '../../proto/index.ts';
import type { EventLog } from '../events/event-log.ts';
import type { AgentSessions } from './agents.ts';
import { firstMessage } from './first-message.ts';
import type { OutputStreams } from './output-streams.ts';
import type { NodeRegistry, NodeReport } from './registry.ts';
import { createSession, type Session } from './session.ts';
import type { UpDownEvents } from './up-down-events.ts';

/** Who calls, if it holds the role and its certificate is not revoked. */
export type Authorize = (context: CallContext, role: 'node' | 'admin') => Identity;

export interface SessionServiceOptions {
  readonly calls: Pick<ReturnType<typeof serverCalls>, 'bidi' | 'clientStream'>;
  readonly authorize: Authorize;
  readonly nodes: NodeRegistry;
  readonly agents: AgentSessions;
  readonly outputs: OutputStreams;
  readonly events: Pick<EventLog, 'record'>;
  readonly upDown: UpDownEvents;
  readonly log: Logger;
  /** Hears of every report, the one in Hello included. */
  readonly onReport: (node: string, report: NodeReport) => void;
  /** How long a new connection may take to say Hello. */
  readonly helloMs: number;
  /** Interval that agents are told to report at. */
  readonly heartbeatMs: number;
}

/** Serves the sessions of all agents. */
export function createSessionService(options: SessionServiceOptions): AgentSessionServiceServer {
  const { calls, authorize, nodes, agents, outputs, upDown, log } = options;
  return { connect: calls.bidi(connect), sendOutput: calls.clientStream(receiveOutput) };

  async function* connect(
    requests: AsyncIterable<ConnectRequest>,
    context: CallContext,
  ): AsyncIterable<ConnectResponse> {
    const incoming = requests[Symbol.asyncIterator]();
    const { caller, hello } = await admitted(incoming, context);
    const session = createSession(caller.name);
    const breakUp = () => session.end();
    context.signal.addEventListener('abort', breakUp, { once: true });
    try {
      open(session, hello);
      if (context.signal.aborted) breakUp();
      void receive(session, incoming).finally(breakUp);
      yield* session.messages;
    } finally {
      context.signal.removeEventListener('abort', breakUp);
      close(session);
    }
  }

  async function admitted(incoming: AsyncIterator<ConnectRequest>, context: CallContext) {
    const caller = authorize(context, 'node');
    const { body } = await firstMessage(incoming, { timeoutMs: options.helloMs, signal: context.signal });
    if (body?.$case !== 'hello') throw new DroverError('BAD_MESSAGE', 'A session must begin with Hello.');
    if (body.value.node !== caller.name) throw speaksForAnother(caller, body.value);
    // Asked again: while the Hello was awaited the node may have been removed, and must not come back by this door.
    authorize(context, 'node');
    // A node whose record was lost between its certificate and this moment still holds a valid certificate.
    if (!nodes.get(caller.name)) {
      await nodes.admit({ name: caller.name, fingerprint: caller.fingerprint });
      authorize(context, 'node');
    }
    return { caller, hello: body.value };
  }

  function open(session: Session, hello: Hello): void {
    session.welcome(options.heartbeatMs);
    agents.open(session);
    nodes.connected(session.node, hello);
    heard(session.node, hello);
    log.info({ node: session.node, agentVersion: hello.agentVersion }, 'session opened');
  }

  function close(session: Session): void {
    if (!agents.close(session)) return;
    nodes.disconnected(session.node);
    upDown.lost(session.node, 'its session ended');
    log.info({ node: session.node }, 'session closed');
  }

  async function receive(session: Session, incoming: AsyncIterator<ConnectRequest>): Promise<void> {
    const order = { lastSeq: -1 };
    try {
      for (let next = await incoming.next(); !next.done && !session.ended.aborted; next = await incoming.next()) {
        take(session, next.value, order);
      }
    } catch (error) {
      // A broken connection ends here as well, and is no fault of the agent's.
      if (!session.ended.aborted) log.warn({ err: error, node: session.node }, 'session broke');
      session.end(toDroverError(error, 'BAD_MESSAGE'));
    }
  }

  function take(session: Session, { body }: ConnectRequest, order: { lastSeq: number }): void {
    switch (body?.$case) {
      case 'heartbeat':
        beat(session, body.value, order);
        break;
      case 'result':
        if (session.settle(body.value)) break;
        log.debug({ node: session.node, command: body.value.commandId }, 'ignored a result that nobody waits for');
        break;
      case 'signal':
        agents.deliver(session.node, body.value);
        break;
      case 'hello':
        throw new DroverError('BAD_MESSAGE', 'A session has only one Hello.');
      default:
        // A newer agent may know more kinds of messages; those are refused one by one, the session goes on.
        log.warn({ node: session.node }, 'ignored a message of an unknown kind');
    }
  }

  function beat(session: Session, heartbeat: Heartbeat, order: { lastSeq: number }): void {
    if (heartbeat.seq <= order.lastSeq) {
      log.warn({ node: session.node, seq: heartbeat.seq }, 'ignored a heartbeat that is not newer than the last one');
      return;
    }
    order.lastSeq = heartbeat.seq;
    nodes.reported(session.node, heartbeat);
    heard(session.node, heartbeat);
  }

  function heard(node: string, report: NodeReport): void {
    upDown.heard(node);
    try {
      options.onReport(node, report);
    } catch (error) {
      log.error({ err: error, node }, 'could not work on a report');
    }
  }

  async function receiveOutput(
    requests: AsyncIterable<SendOutputRequest>,
    context: CallContext,
  ): Promise<SendOutputResponse> {
    const caller = authorize(context, 'node');
    const incoming = requests[Symbol.asyncIterator]();
    const first = await firstMessage(incoming, { timeoutMs: options.helloMs, signal: context.signal });
    await outputs.accept(caller.name, first, incoming);
    return {};
  }
}

function speaksForAnother(caller: Identity, hello: Hello): DroverError {
  return new DroverError(
    'PERMISSION_DENIED',
    `The certificate is of ${caller.name}, so the agent cannot speak for ${JSON.stringify(hello.node)}; give it the name that it joined with.`,
    { details: { node: caller.name } },
  );
}
