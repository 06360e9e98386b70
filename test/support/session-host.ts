import { Server } from '@grpc/grpc-js';
import { systemClock } from '../../coordinator/clock.ts';
import { type AgentSessions, type Agents, createAgents } from '../../coordinator/nodes/agents.ts';
import { createOutputStreams, type OutputStreams } from '../../coordinator/nodes/output-streams.ts';
import { createNodeRegistry, type NodeRegistry } from '../../coordinator/nodes/registry.ts';
import { type Authorize, createSessionService } from '../../coordinator/nodes/session-service.ts';
import { createUpDownEvents } from '../../coordinator/nodes/up-down-events.ts';
import { openMemoryStore } from '../../coordinator/store/memory-store.ts';
import {
  AgentSessionServiceClient,
  AgentSessionServiceService,
  channelOptions,
  clientCredentials,
  coordinatorIdentity,
  DroverError,
  Hello,
  RenewableServerCredentials,
  serverCalls,
  serverOptions,
  type TlsIdentity,
} from '../../proto/index.ts';
import { issuedCertificates } from './issued-certificates.ts';
import { recordedEvents } from './recorded-events.ts';
import { silentLog as log } from './silent-log.ts';

export interface SessionHost {
  readonly address: string;
  readonly port: number;
  readonly agents: Agents & AgentSessions;
  readonly nodes: NodeRegistry;
  readonly outputs: OutputStreams;
  readonly events: ReturnType<typeof recordedEvents>;
  /** Codes of the calls that were refused or failed. */
  readonly refusals: string[];
  certificate(node: string): Promise<TlsIdentity>;
  /** A bare client, for tests that speak the protocol themselves. */
  client(node: string): Promise<AgentSessionServiceClient>;
  stop(): Promise<void>;
}

/** Serves agent sessions over TLS on a free port. */
export async function startSessionHost(
  times: { helloMs?: number; heartbeatMs?: number; staleAfterMs?: number; port?: number } = {},
): Promise<SessionHost> {
  const { helloMs = 5000, heartbeatMs = 1000, staleAfterMs = 5000 } = times;
  const certificates = await issuedCertificates();
  const refusals: string[] = [];
  const calls = serverCalls((error) => refusals.push(error instanceof DroverError ? error.code : String(error)));
  const nodes = await createNodeRegistry({ store: await openMemoryStore(), clock: systemClock, staleAfterMs });
  const agents = createAgents({ log });
  const outputs = createOutputStreams();
  const events = recordedEvents();
  const upDown = createUpDownEvents({ events, staleAfterMs });
  const server = new Server(serverOptions);
  const onReport = () => undefined;
  const service = createSessionService({
    ...{ calls, authorize, nodes, agents, outputs, events, upDown, log, onReport, helloMs, heartbeatMs },
  });
  server.addService(AgentSessionServiceService, service);
  const port = await bind(server, certificates.coordinator, times.port ?? 0);
  const address = `127.0.0.1:${port}`;
  const certificate = (name: string) => certificates.issue({ role: 'node', name });
  const clients: AgentSessionServiceClient[] = [];

  return {
    ...{ address, port, agents, nodes, outputs, events, refusals, certificate },
    client: async (node) => {
      const credentials = clientCredentials(await certificate(node));
      const client = new AgentSessionServiceClient(address, credentials, channelOptions(coordinatorIdentity));
      clients.push(client);
      return client;
    },
    stop: async () => {
      for (const client of clients) client.close();
      upDown.stop();
      server.forceShutdown();
    },
  };
}

/** A Hello as an agent of this name sends it. */
export function aHello(node: string): Hello {
  return Hello.fromPartial({ node, agentVersion: 'test', transferAddress: '127.0.0.1:7401' });
}

const authorize: Authorize = (context, role) => {
  const caller = context.caller();
  if (caller.role !== role) throw new DroverError('PERMISSION_DENIED', `This call needs the role ${role}.`);
  return caller;
};

function bind(server: Server, tls: TlsIdentity, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, new RenewableServerCredentials(tls), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
}
