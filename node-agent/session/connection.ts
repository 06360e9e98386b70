import type { Logger } from 'pino';
import {
  AgentSessionServiceClient,
  type Command,
  type ConnectRequest,
  type ConnectResponse,
  channelOptions,
  clientCredentials,
  coordinatorIdentity,
  DroverError,
  fromStatus,
  type Hello,
  type TlsIdentity,
  writeAll,
} from '../../proto/index.ts';
import { type Heartbeats, type Report, startHeartbeats } from './heartbeats.ts';
import type { Outgoing } from './outgoing.ts';

export interface ConnectionOptions {
  /** HOST:PORT of the coordinator. */
  readonly coordinator: string;
  readonly tls: TlsIdentity;
  readonly hello: Hello;
  readonly outgoing: Outgoing;
  readonly report: () => Promise<Report>;
  /** Number of the next heartbeat; grows over all connections of this process. */
  readonly nextSeq: () => number;
  readonly onWelcome: (connection: {
    readonly client: AgentSessionServiceClient;
    readonly beatSoon: () => void;
  }) => void;
  readonly onCommand: (command: Command) => void;
  /** How long the coordinator may take to welcome, in milliseconds. */
  readonly welcomeMs: number;
  readonly stop: AbortSignal;
  readonly log: Logger;
}

// How long a connection gets to end in order once the agent stops, in milliseconds.
const partingMs = 1000;

/** One session from Hello to its end. Resolves when the coordinator ended it in order or `stop` aborted; else rejects. */
export async function holdConnection(options: ConnectionOptions): Promise<void> {
  const { coordinator, tls, hello, outgoing, stop, log, welcomeMs } = options;
  const peer = `the coordinator at ${coordinator}`;
  const client = new AgentSessionServiceClient(
    coordinator,
    clientCredentials(tls),
    channelOptions(coordinatorIdentity),
  );
  const call = client.connect();
  // Errors reach the reading loop; this listener only keeps one that comes after it from ending the process.
  call.on('error', () => undefined);
  const ended = new AbortController();
  let heartbeats: Heartbeats | undefined;
  let late = false;
  const watchdog = setTimeout(() => {
    late = true;
    call.cancel();
  }, welcomeMs);
  const part = () => {
    call.end();
    setTimeout(() => call.cancel(), partingMs).unref();
  };
  stop.addEventListener('abort', part, { once: true });
  try {
    send({ body: { $case: 'hello', value: hello } });
    if (stop.aborted) part();
    for await (const message of call) take(message as ConnectResponse);
  } catch (error) {
    if (late) throw new DroverError('TIMEOUT', `${peer} did not welcome this agent within ${welcomeMs} ms.`);
    if (!stop.aborted) throw fromStatus(error, peer);
  } finally {
    clearTimeout(watchdog);
    stop.removeEventListener('abort', part);
    heartbeats?.stop();
    ended.abort();
    call.cancel();
    client.close();
  }

  function take({ body }: ConnectResponse): void {
    if (body?.$case === 'welcome') welcomed(body.value.heartbeatMs);
    else if (body?.$case === 'command') options.onCommand(body.value);
    else log.warn('ignored a message of an unknown kind from the coordinator');
  }

  function welcomed(heartbeatMs: number): void {
    if (heartbeats) return;
    clearTimeout(watchdog);
    heartbeats = startHeartbeats({
      intervalMs: Math.min(60_000, Math.max(50, heartbeatMs)),
      report: options.report,
      send: (report) => send({ body: { $case: 'heartbeat', value: { ...report, seq: options.nextSeq() } } }),
      log,
    });
    options.onWelcome({ client, beatSoon: heartbeats.soon });
    writeAll(call, outgoing.messages(ended.signal), ended.signal).catch((error) => {
      if (!ended.signal.aborted) log.warn({ err: error }, 'could not send to the coordinator');
    });
  }

  function send(message: ConnectRequest): void {
    // A beat that would only queue up behind others is worth nothing later.
    if (!call.writableEnded && !call.writableNeedDrain) call.write(message);
  }
}
