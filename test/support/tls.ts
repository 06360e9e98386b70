import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server } from '@grpc/grpc-js';
import type { ExecutionContext } from 'ava';
import { pino } from 'pino';
import { callErrors } from '../../coordinator/api/refusals.ts';
import { createNodeRegistry, type NodeRegistry } from '../../coordinator/nodes/registry.ts';
import {
  type CertificateLifetimes,
  openCertificateAuthority,
} from '../../coordinator/security/certificate-authority.ts';
import type { JoinTokens } from '../../coordinator/security/join-tokens.ts';
import { openSecurity } from '../../coordinator/security/open-security.ts';
import { openMemoryStore } from '../../coordinator/store/memory-store.ts';
import { certificateRequest } from '../../node-agent/identity/certificate-request.ts';
import { enroll } from '../../node-agent/identity/enroll.ts';
import type { NodeIdentity } from '../../node-agent/identity/identity-files.ts';
import { newNodeKey } from '../../node-agent/identity/node-key.ts';
import {
  EnrollmentServiceService,
  RenewableServerCredentials,
  serverCalls,
  serverOptions,
  type TlsIdentity,
} from '../../proto/index.ts';

/** A coordinator's security with the real CA, tokens, TLS and enrolment service, on a port of its own. */
export interface TestCluster {
  readonly dataDir: string;
  /** HOST:PORT of the enrolment service. */
  readonly address: string;
  readonly tokens: JoinTokens;
  readonly nodes: NodeRegistry;
  readonly security: Awaited<ReturnType<typeof openSecurity>>;
  readonly clock: ShiftedClock;
  /** Lines that the coordinator logged so far. */
  readonly log: readonly LogLine[];
  /** A node that joins with a fresh token and key, unless others are given. */
  join(node: string, options?: { token?: string; keyPem?: string }): Promise<NodeIdentity>;
  renewServer(tls: TlsIdentity): void;
}

export type LogLine = Readonly<Record<string, unknown>>;

/** Runs with the real clock, some time ahead of it or behind. */
export interface ShiftedClock {
  readonly now: () => Date;
  readonly monotonicMs: () => number;
  shiftMs: number;
}

/** Starts one; it ends with the test. `tls` is shown instead of a certificate of its own CA. */
export async function testCluster(t: ExecutionContext, options: { tls?: TlsIdentity } = {}): Promise<TestCluster> {
  const dataDir = await temporaryDirectory(t);
  const [clock, store, { log, lines }] = [shiftedClock(), await openMemoryStore(), recordingLog()];
  const nodes = await createNodeRegistry({ store, clock, staleAfterMs: 15_000 });
  const events = { record: async () => undefined };
  const security = await openSecurity({ dataDir, store, nodes, events, clock, log, advertisedHost: '127.0.0.1' });
  const server = new Server(serverOptions);
  server.addService(EnrollmentServiceService, security.enrollment(serverCalls(callErrors({ events, log, clock }))));
  const credentials = new RenewableServerCredentials(options.tls ?? security.tls);
  const address = `127.0.0.1:${await listen(server, credentials)}`;
  t.teardown(async () => {
    security.stop();
    server.forceShutdown();
    await store.close();
  });

  return {
    ...{ dataDir, address, nodes, security, clock, tokens: security.tokens, log: lines },
    renewServer: (tls) => credentials.renew(tls),
    async join(node, { token, keyPem } = {}) {
      const secret = token ?? (await security.tokens.create()).secret;
      return enroll({ coordinator: address, token: secret, node, keyPem: keyPem ?? (await newNodeKey()), log });
    },
  };
}

/** A node's identity as the cluster's CA would have issued it at another time, or with another life. */
export async function issuedIdentity(
  dataDir: string,
  node: string,
  options: { issuedMsAgo?: number; lifetimes?: Partial<CertificateLifetimes> } = {},
): Promise<TlsIdentity> {
  const now = () => new Date(Date.now() - (options.issuedMsAgo ?? 0));
  const ca = await openCertificateAuthority({ dataDir, clock: { now }, lifetimes: options.lifetimes ?? {} });
  const keyPem = await newNodeKey();
  const { certificatePem } = await ca.issueNode({ node, csrPem: await certificateRequest(node, keyPem) });
  return { caPem: ca.caPem, certificatePem, keyPem };
}

export function shiftedClock(): ShiftedClock {
  const clock = {
    shiftMs: 0,
    now: () => new Date(Date.now() + clock.shiftMs),
    monotonicMs: () => performance.now() + clock.shiftMs,
  };
  return clock;
}

/** A directory that is deleted after the test. */
export async function temporaryDirectory(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'drover-test-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A logger whose lines can be looked at. */
export function recordingLog() {
  const lines: LogLine[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) });
  return { log, lines };
}

/** Serves on a free port of this machine. */
export function listen(server: Server, credentials: RenewableServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port)));
  });
}
