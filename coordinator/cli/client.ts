import { Metadata } from '@grpc/grpc-js';
import {
  AdminServiceClient,
  channelOptions,
  clientCalls,
  clientCredentials,
  coordinatorIdentity,
} from '../../proto/index.ts';
import type { AdminContext } from './context.ts';

/** One connection to the coordinator. */
export type Admin = ReturnType<typeof connectAdmin>;

/** Connects lazily: the first call dials. `timeoutMs` is the deadline of every call that answers once. */
export function connectAdmin(context: AdminContext, timeoutMs: number) {
  const client = new AdminServiceClient(
    context.coordinator,
    clientCredentials(context.tls),
    channelOptions(coordinatorIdentity),
  );
  const { unary, stream } = clientCalls(
    { peer: `the coordinator at ${context.coordinator}`, timeoutMs },
    () => new Metadata(),
  );
  return {
    address: context.coordinator,
    listNodes: () => unary(client, client.listNodes, {}),
    getNode: (name: string) => unary(client, client.getNode, { name }),
    cordonNode: (request: Request<'cordonNode'>) => unary(client, client.cordonNode, request),
    removeNode: (name: string) => unary(client, client.removeNode, { name }),
    listWorkloads: (request: Request<'listWorkloads'>) => unary(client, client.listWorkloads, request),
    getWorkload: (name: string) => unary(client, client.getWorkload, { name }),
    runWorkload: (request: Request<'runWorkload'>) => unary(client, client.runWorkload, request),
    adoptWorkload: (request: Request<'adoptWorkload'>) => unary(client, client.adoptWorkload, request),
    removeWorkload: (request: Request<'removeWorkload'>) => unary(client, client.removeWorkload, request),
    streamLogs: (request: Request<'streamLogs'>, signal: AbortSignal) => stream(client.streamLogs(request), signal),
    startMigration: (request: Request<'startMigration'>, signal: AbortSignal) =>
      unary(client, client.startMigration, request, { signal }),
    listMigrations: (request: Request<'listMigrations'>) => unary(client, client.listMigrations, request),
    getMigration: (id: string) => unary(client, client.getMigration, { id }),
    watchMigration: (id: string, signal: AbortSignal) => stream(client.watchMigration({ id }), signal),
    cancelMigration: (id: string) => unary(client, client.cancelMigration, { id }),
    streamEvents: (request: Request<'streamEvents'>, signal: AbortSignal) =>
      stream(client.streamEvents(request), signal),
    createToken: (ttlSeconds: number) => unary(client, client.createToken, { ttlSeconds }),
    listTokens: () => unary(client, client.listTokens, {}),
    revokeToken: (id: string) => unary(client, client.revokeToken, { id }),
    close: () => client.close(),
  };
}

type Request<Method extends keyof AdminServiceClient> = Parameters<AdminServiceClient[Method]>[0];
