import type { Logger } from 'pino';
import {
  AdminServiceService,
  AgentSessionServiceService,
  DroverError,
  EnrollmentServiceService,
  type EnrollmentServiceServer,
  serverCalls,
  type TlsIdentity,
} from '../proto/index.ts';
import { adminCalls } from './api/admin-calls.ts';
import { createAdminService } from './api/admin-service.ts';
import { callErrors } from './api/refusals.ts';
import { openServer } from './api/server.ts';
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
  const { store, config, clock, log } = parts;
  const { timeouts } = config;
  const events = await createEventLog({ store, clock, log, capacity: config.eventCapacity });
  const nodes = await createNodeRegistry({ store, clock, staleAfterMs: timeouts.staleAfterMs });
  const workloads = await createWorkloadRegistry({ store });
  const agents = createAgents({ log });
  const outputs = createOutputStreams();
  const upDown = createUpDownEvents({ events, staleAfterMs: timeouts.staleAfterMs });
  const security = await parts.openSecurity({ store, nodes, events });
  const migrations = await createMigrationEngine({ store, agents, nodes, workloads, events, log, timeouts, clock });
  const { onReport } = createReconciler({
    ...{ nodes, agents, workloads, events, log, clock },
    timeoutMs: timeouts.commandMs,
  });
  const { authorize, tokens, revoke } = security;
  const calls = serverCalls(callErrors({ events, log, clock }));
  const server = openServer(security.tls, [AdminServiceService, AgentSessionServiceService, EnrollmentServiceService]);
  server.add(
    AdminServiceService,
    createAdminService({
      ...{ nodes, agents, workloads, outputs, events, tokens, migrations, timeouts, revoke },
      calls: adminCalls(calls, authorize),
    }),
  );
  server.add(
    AgentSessionServiceService,
    createSessionService({ ...{ calls, authorize, nodes, agents, outputs, events, upDown, log, onReport }, ...timeouts }),
  );
  server.add(EnrollmentServiceService, security.enrollment(calls));

  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= stopAll());
  try {
    const port = await server.listen(parts.listen);
    await security.onListening(port, server.renew);
    await migrations.resumeOpen();
    server.setServing(true);
    return { address: withPort(parts.listen, port), stop };
  } catch (error) {
    await stop();
    throw error;
  }

  // Migrations end first, as long as the sessions that they need still stand.
  async function stopAll(): Promise<void> {
    server.setServing(false);
    await migrations.stop(timeouts.shutdownMs).catch((error) => log.error({ err: error }, 'migrations did not stop'));
    agents.endAll(new DroverError('SHUTTING_DOWN', 'The coordinator is stopping; the session is resumed when it is back.'));
    upDown.stop();
    security.stop();
    await server.close();
  }
}

function withPort(listen: string, port: number): string {
  return `${listen.slice(0, listen.lastIndexOf(':'))}:${port}`;
}
