import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import {
  AdminServiceService,
  AgentSessionServiceService,
  DroverError,
  type EnrollmentServiceServer,
  EnrollmentServiceService,
  serverCalls,
  type TlsIdentity,
} from '../proto/index.ts';
import { adminCalls } from './api/admin-calls.ts';
import { createAdminService } from './api/admin-service.ts';
import { callErrors } from './api/refusals.ts';
import { type ApiServer, openServer } from './api/server.ts';
import type { TokenBook } from './api/tokens-api.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { createEventLog, type EventLog } from './events/event-log.ts';
import { createMigrationEngine } from './migration/engine.ts';
import { createAgents } from './nodes/agents.ts';
import { createOutputStreams } from './nodes/output-streams.ts';
import { createNodeRegistry, type NodeRegistry } from './nodes/registry.ts';
import { type Authorize, createSessionService } from './nodes/session-service.ts';
import { createUpDownEvents } from './nodes/up-down-events.ts';
import type { Store } from './store/port.ts';
import { createReconciler } from './workloads/reconcile.ts';
import { createWorkloadRegistry } from './workloads/registry.ts';

/** Who is who: the cluster's CA and what hangs on it. */
export interface Security {
  readonly tls: TlsIdentity;
  readonly authorize: Authorize;
  readonly tokens: TokenBook;
  enrollment(calls: ReturnType<typeof serverCalls>): EnrollmentServiceServer;
  /** Makes the certificates of a node worthless, durably. */
  revoke(node: string, fingerprint: string): Promise<void>;
  /** Called once the address is known, with a way to serve with a renewed certificate. */
  onListening(port: number, renew: (tls: TlsIdentity) => void): Promise<void>;
  stop(): void;
}

export interface CoordinatorParts {
  readonly store: Store;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  /** HOST:PORT; port 0 for a free one. */
  readonly listen: string;
  readonly openSecurity: (parts: {
    readonly store: Store;
    readonly nodes: NodeRegistry;
    readonly events: EventLog;
  }) => Promise<Security>;
}

export interface Coordinator {
  /** HOST:PORT with the port that was really taken. */
  readonly address: string;
  /** Ends everything in order, within `timeouts.shutdownMs` and two seconds. Repeating it is fine. */
  stop(): Promise<void>;
}

/** Wires a coordinator over an open store and serves. The store stays the caller's. */
export async function startCoordinator(parts: CoordinatorParts): Promise<Coordinator> {
  const core = await openCore(parts);
  const server = openServer(core.security.tls, services);
  addServices(server, core, parts);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= stopAll(core, server, parts);
    return stopped;
  };
  try {
    // Before anyone can ask for a new migration.
    await core.migrations.resumeOpen();
    const port = await server.listen(parts.listen);
    await core.security.onListening(port, server.renew);
    server.setServing(true);
    return { address: withPort(parts.listen, port), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const services = [AdminServiceService, AgentSessionServiceService, EnrollmentServiceService];

type Core = Awaited<ReturnType<typeof openCore>>;

// What the services work on.
async function openCore({ store, config, clock, log, openSecurity }: CoordinatorParts) {
  const { timeouts, eventCapacity: capacity } = config;
  const { staleAfterMs } = timeouts;
  const events = await createEventLog({ store, clock, log, capacity });
  const nodes = await createNodeRegistry({ store, clock, staleAfterMs });
  const workloads = await createWorkloadRegistry({ store });
  const agents = createAgents({ log });
  const security = await openSecurity({ store, nodes, events });
  const migrations = await createMigrationEngine({ store, agents, nodes, workloads, events, log, timeouts, clock });
  const upDown = createUpDownEvents({ events, staleAfterMs });
  return { events, nodes, workloads, agents, security, migrations, upDown, outputs: createOutputStreams() };
}

function addServices(server: ApiServer, core: Core, { config: { timeouts }, clock, log }: CoordinatorParts): void {
  const { events, nodes, workloads, agents, security, migrations, upDown, outputs } = core;
  const { authorize, tokens } = security;
  const calls = serverCalls(callErrors({ events, log, clock }));
  const shared = { nodes, agents, workloads, events, outputs, timeouts };
  const { onReport } = createReconciler({ ...shared, log, clock, timeoutMs: timeouts.commandMs });
  const admin = { ...shared, tokens, migrations, calls: adminCalls(calls, authorize), revoke: security.revoke };
  const session = { ...shared, ...timeouts, calls, authorize, upDown, log, onReport };
  server.add(AdminServiceService, createAdminService(admin));
  server.add(AgentSessionServiceService, createSessionService(session));
  server.add(EnrollmentServiceService, security.enrollment(calls));
}

// Migrations end first, as long as the sessions that they need still stand.
async function stopAll(core: Core, server: ApiServer, { config, log }: CoordinatorParts): Promise<void> {
  const { migrations, agents, upDown, security } = core;
  const { shutdownMs } = config.timeouts;
  server.setServing(false);
  const left = migrations.stop(shutdownMs).catch((error) => {
    log.error({ err: error }, 'could not stop the migrations; they are taken up at the next start');
  });
  await Promise.race([left, delay(shutdownMs, undefined, { ref: false })]);
  agents.endAll(
    new DroverError('SHUTTING_DOWN', 'The coordinator is stopping; the session is resumed when it is back.'),
  );
  upDown.stop();
  security.stop();
  await server.close();
}

function withPort(listen: string, port: number): string {
  return `${listen.slice(0, listen.lastIndexOf(':'))}:${port}`;
}
