import { Metadata } from '@grpc/grpc-js';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../coordinator/clock.ts';
import { configSchema } from '../../coordinator/config.ts';
import { type Security, startCoordinator } from '../../coordinator/coordinator.ts';
import type { EventLog } from '../../coordinator/events/event-log.ts';
import type { NodeRegistry } from '../../coordinator/nodes/registry.ts';
import { openMemoryStore } from '../../coordinator/store/memory-store.ts';
import type { Store } from '../../coordinator/store/port.ts';
import { createSession, type SessionOptions } from '../../node-agent/session/session-client.ts';
import {
  AdminServiceClient,
  CommandDone,
  channelOptions,
  clientCalls,
  clientCredentials,
  coordinatorIdentity,
  DroverError,
  EngineFacts,
  type Identity,
  type Token,
} from '../../proto/index.ts';
import { aMemory } from './a-fleet.ts';
import { issuedCertificates } from './issued-certificates.ts';
import { aHello } from './session-host.ts';
import { silentLog as log } from './silent-log.ts';
import { until } from './until.ts';

/** A whole coordinator with certificates made for the test; it stops with the test. */
export async function startTestCoordinator(t: ExecutionContext, options: { store?: Store; timeouts?: object } = {}) {
  const certificates = await issuedCertificates();
  const store = options.store ?? (await openMemoryStore());
  const revoked = new Set<string>();
  const parts: { nodes?: NodeRegistry; events?: EventLog } = {};
  const coordinator = await startCoordinator({
    ...{ store, log, clock: systemClock, listen: '127.0.0.1:0' },
    config: configSchema.parse({ timeouts: { shutdownMs: 1000, heartbeatMs: 200, ...options.timeouts } }),
    openSecurity: async ({ nodes, events }) => {
      Object.assign(parts, { nodes, events });
      return testSecurity(certificates.coordinator, revoked);
    },
  });
  const closers: (() => unknown)[] = [];
  t.teardown(async () => {
    for (const close of closers) await close();
    await coordinator.stop();
  });

  return {
    address: coordinator.address,
    stop: coordinator.stop,
    ...(parts as { nodes: NodeRegistry; events: EventLog }),
    revoked,
    client: async (role: Identity['role'] = 'admin') => {
      const tls = await certificates.issue({ role, name: role === 'node' ? 'edge-1' : 'main' });
      const client = new AdminServiceClient(
        coordinator.address,
        clientCredentials(tls),
        channelOptions(coordinatorIdentity),
      );
      closers.push(() => client.close());
      const { unary, stream } = clientCalls({ peer: 'the coordinator', timeoutMs: 10_000 }, () => new Metadata());
      return { client, unary, stream };
    },
    agent: async (name: string, changes: Partial<SessionOptions> = {}) => {
      const session = createSession({ ...(await agentOptions(name)), ...changes });
      const stop = new AbortController();
      const running = session.run(stop.signal);
      closers.push(() => {
        stop.abort();
        return running;
      });
      await until(() => session.connected);
      return session;
    },
  };

  async function agentOptions(name: string): Promise<SessionOptions> {
    const tls = await certificates.issue({ role: 'node', name });
    const engine = EngineFacts.fromPartial({ arch: 'x86_64', cgroupVersion: '2', shimReady: true });
    return {
      ...{ tls: () => tls, coordinator: coordinator.address, log },
      hello: async () => ({ ...aHello(name), engine, memory: aMemory() }),
      heartbeat: async () => ({ containers: [], memory: aMemory() }),
      execute: async () => CommandDone.fromPartial({}),
      backoff: { firstMs: 10, longestMs: 50, refusedMs: 2 ** 30 },
    };
  }
}

function testSecurity(tls: Security['tls'], revoked: Set<string>): Security {
  const tokens = new Map<string, Token>();
  return {
    tls,
    authorize: (context, role) => {
      const caller = context.caller();
      if (caller.role !== role) throw new DroverError('PERMISSION_DENIED', `This call needs the role ${role}.`);
      if (revoked.has(caller.fingerprint)) throw new DroverError('CERTIFICATE_REVOKED', 'It was revoked.');
      return caller;
    },
    tokens: {
      create: async ({ ttlMs }) => {
        const token: Token = { id: `t${tokens.size + 1}`, state: 'valid', usedBy: '', expiresAt: new Date(ttlMs) };
        tokens.set(token.id, token);
        return { token, secret: 'secret' };
      },
      list: async () => [...tokens.values()],
      revoke: async (id) => {
        const token = tokens.get(id);
        if (!token) throw new DroverError('TOKEN_NOT_FOUND', `No token ${id}.`);
        return { ...token, state: 'revoked' };
      },
    },
    enrollment: () => ({ join: () => undefined, renew: () => undefined }),
    revoke: async (_, fingerprint) => void revoked.add(fingerprint),
    onListening: async () => undefined,
    stop: () => undefined,
  };
}
