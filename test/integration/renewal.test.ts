import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, type PeerCertificate } from 'node:tls';
import { Metadata, Server } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { identityFiles, type NodeIdentity } from '../../node-agent/identity/identity-files.ts';
import { keepRenewed, type RenewalOptions, renewOnce } from '../../node-agent/identity/renewal.ts';
import {
  channelOptions,
  clientCalls,
  clientCredentials,
  DroverError,
  EnrollmentServiceClient,
  EnrollmentServiceService,
  RenewableServerCredentials,
  serverCalls,
  type TlsIdentity,
} from '../../proto/index.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { listen, recordingLog, shiftedClock, temporaryDirectory, testCluster } from '../support/tls.ts';

const dayMs = 24 * 3_600_000;

test('a renewal swaps key and certificate while the server goes on serving', async (t) => {
  const cluster = await testCluster(t);
  const before = await cluster.join('edge-1');
  const server = await serveAs(t, before.tls);
  const open = server.dial(before.tls);
  await open.call();

  const { renewed, files } = await renewedOnce(t, before);
  server.credentials.renew(renewed);

  await t.notThrowsAsync(open.call(), 'the open connection goes on');
  await t.notThrowsAsync(server.dial(renewed).call());
  t.is((await server.shown()).fingerprint256, fingerprintOf(renewed));
  t.not(renewed.keyPem, before.tls.keyPem);
  t.deepEqual(await files.load(), { ...before, tls: renewed });
  t.is(cluster.nodes.get('edge-1')?.fingerprint, fingerprintOf(renewed));
});

test('nothing is renewed before two thirds of the life are over', async (t) => {
  const cluster = await testCluster(t);
  const asked: string[] = [];
  const clock = shiftedClock();
  clock.shiftMs = 59 * dayMs;
  const renewal = await start(t, await cluster.join('edge-1'), {
    clock,
    renew: async (identity) => {
      asked.push(identity.node);
      return identity;
    },
  });
  renewal.stop();
  await renewal.done;
  t.deepEqual(asked, []);
});

test('a renewal that fails is tried again, with a line in the log', async (t) => {
  const cluster = await testCluster(t);
  let failures = 2;
  const { renewed, lines } = await renewedOnce(t, await cluster.join('edge-1'), async (identity) => {
    failures -= 1;
    if (failures >= 0) throw new DroverError('COORDINATOR_UNREACHABLE', 'Cannot reach the coordinator.');
    return renewOnce(identity);
  });
  t.truthy(renewed);
  t.deepEqual(
    lines.map(({ event, code, failures }) => [event, code, failures]),
    [
      ['certificate.not_renewed', 'COORDINATOR_UNREACHABLE', 1],
      ['certificate.not_renewed', 'COORDINATOR_UNREACHABLE', 2],
      ['certificate.renewed', undefined, undefined],
    ],
  );
});

test('a removed node gets no new certificate', async (t) => {
  const cluster = await testCluster(t);
  const identity = await cluster.join('edge-1');
  await cluster.security.revoke('edge-1', fingerprintOf(identity.tls));
  t.is((await rejectionOf(renewOnce(identity))).code, 'CERTIFICATE_REVOKED');
});

// Runs a renewal that is due until the first new certificate. The clock then goes back, so that no second one is due.
async function renewedOnce(t: ExecutionContext, identity: NodeIdentity, renew?: RenewalOptions['renew']) {
  const clock = shiftedClock();
  clock.shiftMs = 61 * dayMs;
  let hear: (tls: TlsIdentity) => void = () => undefined;
  const heard = new Promise<TlsIdentity>((resolve) => {
    hear = resolve;
  });
  const onRenewed = (tls: TlsIdentity) => {
    clock.shiftMs = 0;
    hear(tls);
  };
  const renewal = await start(t, identity, { clock, onRenewed, ...(renew === undefined ? {} : { renew }) });
  const renewed = await heard;
  renewal.stop();
  await renewal.done;
  return { renewed, files: renewal.files, lines: renewal.lines };
}

async function start(t: ExecutionContext, identity: NodeIdentity, changes: Partial<RenewalOptions>) {
  const ended = new AbortController();
  const { log, lines } = recordingLog();
  const files = identityFiles(await temporaryDirectory(t));
  const done = keepRenewed({
    ...{ identity, files, log, signal: ended.signal },
    onRenewed: () => undefined,
    backoff: { firstMs: 2, longestMs: 5, refusedMs: 5 },
    ...changes,
  });
  return { done, lines, files, stop: () => ended.abort() };
}

// A node's own server, as for transfers, and ways to look at it from outside.
async function serveAs(t: ExecutionContext, tls: TlsIdentity) {
  const { unary } = serverCalls(() => undefined);
  const server = new Server();
  const whoCalls = unary(async (_: unknown, context) => ({ certificatePem: context.caller().name, caPem: '' }));
  server.addService(EnrollmentServiceService, { join: whoCalls, renew: whoCalls });
  const credentials = new RenewableServerCredentials(tls);
  const port = await listen(server, credentials);
  t.teardown(() => server.forceShutdown());
  return {
    credentials,
    dial: (own: TlsIdentity) => {
      const options = channelOptions({ role: 'node', name: 'edge-1' });
      const client = new EnrollmentServiceClient(`127.0.0.1:${port}`, clientCredentials(own), options);
      const { unary: ask } = clientCalls({ peer: 'edge-1', timeoutMs: 10_000 }, () => new Metadata());
      t.teardown(() => client.close());
      return { call: () => ask(client, client.renew, { csrPem: '' }) };
    },
    shown: async (): Promise<PeerCertificate> => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
      await once(socket, 'secureConnect');
      const certificate = socket.getPeerCertificate();
      socket.destroy();
      return certificate;
    },
  };
}

function fingerprintOf({ certificatePem }: TlsIdentity): string {
  return new X509Certificate(certificatePem).fingerprint256;
}
