import type { Logger } from 'pino';
import type { EnrollmentServiceServer, serverCalls, TlsIdentity } from '../../proto/index.ts';
import type { Clock } from '../clock.ts';
import type { EventLog } from '../events/event-log.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import type { Store } from '../store/port.ts';
import { writeAdminContext } from './admin-context.ts';
import { authorize } from './authorize.ts';
import { openCertificateAuthority } from './certificate-authority.ts';
import { keepCoordinatorCertificate } from './coordinator-certificate.ts';
import { type Enrollment, enrollment } from './enrollment-service.ts';
import { openIssuedCertificates } from './issued-certificates.ts';
import { joinTokens } from './join-tokens.ts';

export interface SecurityOptions {
  readonly dataDir: string;
  readonly store: Store;
  readonly nodes: Pick<NodeRegistry, 'get' | 'admit'>;
  readonly events: Pick<EventLog, 'record'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Host that is written into the admin context. */
  readonly advertisedHost: string;
}

/** Everything about who is who, wired together: what `startCoordinator` takes as `openSecurity`. */
export async function openSecurity(options: SecurityOptions) {
  const { dataDir, store, clock, log, advertisedHost } = options;
  const ca = await openCertificateAuthority({ dataDir, clock });
  const tls = await ca.issueCoordinator();
  const issued = await openIssuedCertificates({ store, clock });
  const tokens = joinTokens({ store, clock, caFingerprint: ca.caFingerprint() });
  const checks = authorize({ isRevoked: issued.isRevoked });
  const stopped = new AbortController();
  let enrolled: Enrollment | undefined;

  return {
    tls,
    tokens,
    authorize: checks.requireRole,
    enrollment(calls: ReturnType<typeof serverCalls>): EnrollmentServiceServer {
      enrolled = enrollment({ ...{ calls, ca, tokens, issued, log }, authorize: checks, ...registryPorts(options) });
      return enrolled.service;
    },
    revoke: (node: string, fingerprint: string) => (enrolled ?? issued).revoke(node, fingerprint),
    async onListening(port: number, renew: (tls: TlsIdentity) => void): Promise<void> {
      const refreshContext = () => writeAdminContext({ dataDir, ca, clock, coordinator: `${advertisedHost}:${port}` });
      await refreshContext();
      const onRenewed = async (renewed: TlsIdentity) => {
        renew(renewed);
        await refreshContext();
      };
      void keepCoordinatorCertificate({ ca, tls, onRenewed, clock, log, signal: stopped.signal });
    },
    stop: () => stopped.abort(),
  };
}

function registryPorts({ nodes, events }: Pick<SecurityOptions, 'nodes' | 'events'>) {
  return {
    nodeExists: (name: string) => nodes.get(name) !== undefined,
    onJoined: async (name: string, { fingerprint, expiresAt }: { fingerprint: string; expiresAt: Date }) => {
      const isNew = await nodes.admit({ name, fingerprint, certificateExpiresAt: expiresAt });
      if (isNew) await events.record({ type: 'node.joined', node: name, message: `${name} joined the cluster.` });
    },
    onRenewed: async (name: string, { fingerprint, expiresAt }: { fingerprint: string; expiresAt: Date }) => {
      await nodes.admit({ name, fingerprint, certificateExpiresAt: expiresAt });
    },
  };
}
