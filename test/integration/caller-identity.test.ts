import { Server } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { authorize } from '../../coordinator/security/authorize.ts';
import { openCertificateAuthority } from '../../coordinator/security/certificate-authority.ts';
import { certificateRequest } from '../../node-agent/identity/certificate-request.ts';
import { enrollmentClient } from '../../node-agent/identity/enrollment-client.ts';
import { newNodeKey } from '../../node-agent/identity/node-key.ts';
import {
  EnrollmentServiceService,
  RenewableServerCredentials,
  serverCalls,
  type TlsIdentity,
} from '../../proto/index.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { issuedIdentity, listen, type TestCluster, testCluster } from '../support/tls.ts';

const dayMs = 24 * 3_600_000;
const sentence = /No valid client certificate: it is missing, expired, or was not signed by this cluster/;

test('without a certificate, the caller gets a sentence', async (t) => {
  const cluster = await testCluster(t);
  const error = await rejectionOf(renew(t, cluster, { caPem: cluster.security.tls.caPem }));
  t.is(error.code, 'UNAUTHENTICATED');
  t.regex(error.message, sentence);
  t.like(cluster.log.at(-1), { level: 40, code: 'UNAUTHENTICATED', method: '/drover.v1.EnrollmentService/Renew' });
});

test('with a certificate of another CA, the caller gets the same sentence', async (t) => {
  const [cluster, other] = [await testCluster(t), await testCluster(t)];
  const foreign = await issuedIdentity(other.dataDir, 'edge-1');
  const error = await rejectionOf(renew(t, cluster, { ...foreign, caPem: cluster.security.tls.caPem }));
  t.is(error.code, 'UNAUTHENTICATED');
  t.regex(error.message, sentence);
});

test('with an expired certificate, the caller gets the same sentence', async (t) => {
  const cluster = await testCluster(t);
  const expired = await issuedIdentity(cluster.dataDir, 'edge-1', { issuedMsAgo: 91 * dayMs });
  const error = await rejectionOf(renew(t, cluster, expired));
  t.is(error.code, 'UNAUTHENTICATED');
  t.regex(error.message, sentence);
});

test('an expired certificate of the server is refused by the client, and named', async (t) => {
  const cluster = await testCluster(t);
  const now = () => new Date(Date.now() - 91 * dayMs);
  const ca = await openCertificateAuthority({ dataDir: cluster.dataDir, clock: { now } });
  cluster.renewServer(await ca.issueCoordinator());
  const error = await rejectionOf(renew(t, cluster, { caPem: ca.caPem }));
  t.is(error.code, 'COORDINATOR_UNREACHABLE');
  t.regex(error.message, /certificate has expired/);
});

test('a certificate that runs out while its connection is open is refused from then on', async (t) => {
  const cluster = await testCluster(t);
  const lifetimes = { node: 2500, backdated: 0 };
  const tls = await issuedIdentity(cluster.dataDir, 'edge-1', { issuedMsAgo: 1000, lifetimes });
  const client = connect(t, cluster, tls);
  await t.notThrowsAsync(renewWith(client));
  const error = await firstRejection(() => renewWith(client));
  t.is(error.code, 'CERTIFICATE_EXPIRED');
});

test('a revoked certificate is refused, and so is every older one of the node', async (t) => {
  const cluster = await testCluster(t);
  const first = await cluster.join('edge-1');
  const { certificatePem } = await renew(t, cluster, first.tls);
  const { fingerprint = '' } = cluster.nodes.get('edge-1') ?? {};
  await cluster.security.revoke('edge-1', fingerprint);
  const error = await rejectionOf(renew(t, cluster, first.tls));
  t.truthy(certificatePem);
  t.is(error.code, 'CERTIFICATE_REVOKED');
  t.regex(error.message, /needs a new join token/);
});

test('an admin cannot call as a node', async (t) => {
  const cluster = await testCluster(t);
  const ca = await openCertificateAuthority({ dataDir: cluster.dataDir, clock: cluster.clock });
  const error = await rejectionOf(renew(t, cluster, await ca.issueAdmin('main')));
  t.is(error.code, 'PERMISSION_DENIED');
  t.regex(error.message, /Only a node may make this call, not admin main/);
});

test('a node speaks for itself, and for no other', async (t) => {
  const cluster = await testCluster(t);
  const { tls } = await cluster.join('edge-1');
  const client = connect(t, { ...cluster, address: await serveNameCheck(t, cluster) }, tls);
  const speakAs = (node: string) => client.join({ token: '', node, csrPem: '' });
  await t.notThrowsAsync(speakAs('edge-1'));
  const error = await rejectionOf(speakAs('edge-2'));
  t.is(error.code, 'PERMISSION_DENIED');
  t.is(error.message, 'The certificate is of node edge-1, which cannot speak for "edge-2".');
});

// A service whose only call asks for the node that the request names.
async function serveNameCheck(t: ExecutionContext, { security }: TestCluster): Promise<string> {
  const { requireNode } = authorize({ isRevoked: () => false });
  const { unary } = serverCalls(() => undefined);
  const server = new Server();
  server.addService(EnrollmentServiceService, {
    join: unary(async ({ node }: { node: string }, context) => {
      requireNode(context, node);
      return { certificatePem: '', caPem: '' };
    }),
    renew: () => undefined,
  });
  t.teardown(() => server.forceShutdown());
  return `127.0.0.1:${await listen(server, new RenewableServerCredentials(security.tls))}`;
}

type Shown = { readonly caPem: string } & Partial<TlsIdentity>;

function connect(t: ExecutionContext, { address }: Pick<TestCluster, 'address'>, tls: Shown) {
  const client = enrollmentClient({ coordinator: address, tls, timeoutMs: 10_000 });
  t.teardown(() => client.close());
  return client;
}

async function renewWith(client: ReturnType<typeof enrollmentClient>) {
  return client.renew({ csrPem: await certificateRequest('edge-1', await newNodeKey()) });
}

function renew(t: ExecutionContext, cluster: TestCluster, tls: Shown) {
  return renewWith(connect(t, cluster, tls));
}

// Time itself is what is waited for: each call is answered, until one is not.
async function firstRejection(call: () => Promise<unknown>) {
  for (;;) {
    const answer = call();
    if (
      await answer.then(
        () => false,
        () => true,
      )
    )
      return rejectionOf(answer);
  }
}
