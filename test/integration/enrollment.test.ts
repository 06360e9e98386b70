import { X509Certificate } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { certificateRequest } from '../../node-agent/identity/certificate-request.ts';
import { enroll } from '../../node-agent/identity/enroll.ts';
import { enrollmentClient } from '../../node-agent/identity/enrollment-client.ts';
import { newNodeKey } from '../../node-agent/identity/node-key.ts';
import { coordinatorIdentity, type ErrorCode, formatJoinToken, parseJoinToken } from '../../proto/index.ts';
import { forgedIdentity } from '../support/forged-identity.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { silentLog as log } from '../support/silent-log.ts';
import { type TestCluster, testCluster } from '../support/tls.ts';

const hourMs = 3_600_000;

test('a device with a token becomes a node', async (t) => {
  const cluster = await testCluster(t);
  const { secret, token } = await cluster.tokens.create();
  const { node, coordinator, tls } = await cluster.join('edge-1', { token: secret });

  const certificate = new X509Certificate(tls.certificatePem);
  t.is(node, 'edge-1');
  t.is(coordinator, cluster.address);
  t.is(certificate.subjectAltName, 'DNS:edge-1.node.drover.internal, URI:drover://node/edge-1');
  t.is(cluster.nodes.get('edge-1')?.fingerprint, certificate.fingerprint256);
  t.like(cluster.log.at(-1), { event: 'node.joined', node: 'edge-1', token: token.id, repeated: false });
  t.like((await cluster.tokens.list())[0], { id: token.id, state: 'used', usedBy: 'edge-1' });
});

type Prepare = (cluster: TestCluster, token: { text: string; id: string }) => Promise<string>;

const refusal = test.macro(async (t: ExecutionContext, prepare: Prepare, code: ErrorCode, sentence: RegExp) => {
  const cluster = await testCluster(t);
  const { token, secret: text } = await cluster.tokens.create();
  const shown = await prepare(cluster, { text, id: token.id });
  const error = await rejectionOf(cluster.join('edge-1', { token: shown }));

  t.is(error.code, code);
  t.regex(error.message, sentence);
  t.is(cluster.nodes.get('edge-1'), undefined);
  const line = cluster.log.at(-1);
  t.like(line, { level: 40, code, token: parseJoinToken(shown).id });
  t.regex(String(line?.peer), /^127\.0\.0\.1:\d+$/);
  for (const { secret } of [parseJoinToken(text), parseJoinToken(shown)]) {
    t.false(JSON.stringify(cluster.log).includes(secret), 'the secret is in the log');
  }
});

test('a wrong secret is refused', refusal, withSecret, 'TOKEN_INVALID', /does not know this join token/);
test('a token nobody made is refused', refusal, withUnknownId, 'TOKEN_INVALID', /does not know this join token/);
test('a token joins one device only', refusal, used, 'TOKEN_USED', /already used by edge-9; create a new one/);
test('an expired token is refused', refusal, expired, 'TOKEN_EXPIRED', /has expired; create a new one/);
test('a revoked token is refused', refusal, revoked, 'TOKEN_REVOKED', /was revoked; create a new one/);

test('a coordinator of another CA never hears of the token', async (t) => {
  const [ours, other] = [await testCluster(t), await testCluster(t)];
  const { secret } = await other.tokens.create();
  const error = await rejectionOf(ours.join('edge-1', { token: secret }));
  t.is(error.code, 'CA_MISMATCH');
  t.regex(error.message, /does not belong to the cluster of this join token/);
  t.deepEqual(
    ours.log.filter(({ code }) => code !== undefined),
    [],
  );
});

test('a server that shows the right CA, but whose certificate the CA did not sign, never hears of the token', async (t) => {
  const cluster = await testCluster(t);
  cluster.renewServer(await forgedIdentity(cluster.security.tls.caPem, coordinatorIdentity));
  const { secret } = await cluster.tokens.create();
  const error = await rejectionOf(cluster.join('edge-1', { token: secret }));
  t.is(error.code, 'COORDINATOR_UNREACHABLE');
  t.regex(error.message, /certificate signature failure/);
  t.false(cluster.log.some(({ method }) => method !== undefined));
});

test('of two devices that join with one token at once, exactly one wins', async (t) => {
  const cluster = await testCluster(t);
  const { secret: token } = await cluster.tokens.create();
  const joins = await Promise.allSettled(['edge-1', 'edge-2'].map((node) => cluster.join(node, { token })));
  t.deepEqual(joins.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const [loser] = joins.flatMap((join) => (join.status === 'rejected' ? [join.reason] : []));
  t.is(loser.code, 'TOKEN_USED');
  t.is(cluster.nodes.list().length, 1);
});

test('of two devices that want one name at once, exactly one gets it, and the other token stays good', async (t) => {
  const cluster = await testCluster(t);
  const joins = await Promise.allSettled([cluster.join('edge-1'), cluster.join('edge-1')]);
  const [loser] = joins.flatMap((join) => (join.status === 'rejected' ? [join.reason] : []));
  t.is(loser.code, 'NODE_EXISTS');
  t.regex(loser.message, /There is a node edge-1 already/);
  t.deepEqual((await cluster.tokens.list()).map(({ state }) => state).sort(), ['used', 'valid']);
});

test('a join whose answer was lost is answered again, for the same key only', async (t) => {
  const cluster = await testCluster(t);
  const { secret: token } = await cluster.tokens.create();
  const keyPem = await newNodeKey();
  await cluster.join('edge-1', { token, keyPem });
  const again = await cluster.join('edge-1', { token, keyPem });
  t.is(cluster.nodes.get('edge-1')?.fingerprint, new X509Certificate(again.tls.certificatePem).fingerprint256);
  t.is((await rejectionOf(cluster.join('edge-1', { token }))).code, 'TOKEN_USED');
  t.is((await rejectionOf(cluster.join('edge-2', { token, keyPem }))).code, 'TOKEN_USED');
  cluster.clock.shiftMs = 4 * hourMs;
  t.is((await rejectionOf(cluster.join('edge-1', { token, keyPem }))).code, 'TOKEN_USED');
});

test('names inside a certificate request are ignored', async (t) => {
  const cluster = await testCluster(t);
  const { certificatePem } = await joinRaw(t, cluster, await certificateRequest('admin', await newNodeKey()));
  const { subject, subjectAltName } = new X509Certificate(certificatePem);
  t.is(subject, 'CN=edge-1');
  t.notRegex(subjectAltName ?? '', /admin/);
});

test('a certificate request that its key did not sign is refused, and the token stays good', async (t) => {
  const cluster = await testCluster(t);
  const error = await rejectionOf(joinRaw(t, cluster, forged(await certificateRequest('edge-1', await newNodeKey()))));
  t.is(error.code, 'INVALID_ARGUMENT');
  t.regex(error.message, /its signature does not match its key/);
  t.is((await rejectionOf(joinRaw(t, cluster, 'no PEM'))).code, 'INVALID_ARGUMENT');
  t.deepEqual(
    (await cluster.tokens.list()).map(({ state }) => state),
    ['valid', 'valid'],
  );
});

for (const node of ['', 'x', 'Edge-1', 'edge_1', '-edge', 'a'.repeat(64), '../main']) {
  test(`the coordinator refuses the name ${JSON.stringify(node)}`, async (t) => {
    const cluster = await testCluster(t);
    const error = await rejectionOf(joinRaw(t, cluster, await certificateRequest('x', await newNodeKey()), node));
    t.is(error.code, 'INVALID_ARGUMENT');
  });
}

test('nobody at the address is a clear error', async (t) => {
  const cluster = await testCluster(t);
  const { secret: token } = await cluster.tokens.create();
  const joining = enroll({ coordinator: '127.0.0.1:1', token, node: 'edge-1', keyPem: await newNodeKey(), log });
  const error = await rejectionOf(joining);
  t.is(error.code, 'COORDINATOR_UNREACHABLE');
  t.regex(error.message, /Cannot reach the coordinator at 127\.0\.0\.1:1: .*ECONNREFUSED/);
});

async function withSecret(_: TestCluster, { text }: { text: string }): Promise<string> {
  return formatJoinToken({ ...parseJoinToken(text), secret: 'A'.repeat(43) });
}

async function withUnknownId(_: TestCluster, { text }: { text: string }): Promise<string> {
  return formatJoinToken({ ...parseJoinToken(text), id: '0123456789ab' });
}

async function used(cluster: TestCluster, { text }: { text: string }): Promise<string> {
  await cluster.join('edge-9', { token: text });
  return text;
}

async function expired(cluster: TestCluster, { text }: { text: string }): Promise<string> {
  cluster.clock.shiftMs = 3 * hourMs + 1000;
  return text;
}

async function revoked(cluster: TestCluster, { text, id }: { text: string; id: string }): Promise<string> {
  await cluster.tokens.revoke(id);
  return text;
}

// Joins as a client that does not follow the agent's own rules.
async function joinRaw(t: ExecutionContext, cluster: TestCluster, csrPem: string, node = 'edge-1') {
  const { secret: token } = await cluster.tokens.create();
  const tls = { caPem: cluster.security.tls.caPem };
  const client = enrollmentClient({ coordinator: cluster.address, tls, timeoutMs: 10_000 });
  t.teardown(() => client.close());
  return client.join({ token, node, csrPem });
}

// Flips a bit of the subject, which the signature covers.
function forged(csrPem: string): string {
  const der = Buffer.from(csrPem.replace(/-----.*-----|\s/g, ''), 'base64');
  const name = der.indexOf('edge-1');
  der.writeUInt8(der.readUInt8(name) ^ 1, name);
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
}
