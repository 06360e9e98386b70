import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Client, type ServiceError, status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import {
  AdminServiceService,
  AgentSessionServiceService,
  CheckpointTransferServiceService,
  channelOptions,
  clientCredentials,
  coordinatorIdentity,
  EnrollmentServiceService,
  type TlsIdentity,
} from '../../proto/index.ts';
import { addressOf, drover, droverJson, migrate, runWorkload } from '../support/cluster.ts';
import { labExec } from '../support/lab.ts';
import { labDirectory } from '../support/lab-processes.ts';
import { goesOnUntouched, lifeOf } from '../support/life.ts';

const coordinator = {
  host: `${process.env.DROVER_LAB_SUBNET ?? '10.88.0'}.1`,
  port: 7400,
  identity: coordinatorIdentity,
};
const agent = { host: addressOf('edge-1'), port: 7401, identity: { role: 'node', name: 'edge-1' } as const };
type Place = typeof coordinator | typeof agent;

let name: string;

test.before(async () => {
  name = await runWorkload('edge-1', [], 'drover/counter');
});
test.after.always(async () => {
  await drover('rm', name);
});

// A field with a length that runs past the end.
const noMessage = Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x7f, 0x01]);

for (const [title, place, service] of [
  ['the coordinator, from an administrator', coordinator, AdminServiceService.startMigration],
  ['the coordinator, from somebody who wants to join', coordinator, EnrollmentServiceService.join],
  ['the coordinator, from a node', coordinator, AgentSessionServiceService.connect],
  ['an agent, from another node', agent, CheckpointTransferServiceService.fetch],
] as const) {
  test.serial(`a garbage message to ${title}`, (t) =>
    goesOn(t, async () => {
      const tls = service === AdminServiceService.startMigration ? await adminTls() : await nodeTls('edge-2');
      const error = await answerTo(place, tls, service.path, noMessage);
      t.true(error.code === status.INTERNAL || error.code === status.INVALID_ARGUMENT, String(error));
    }),
  );
}

test.serial('a call that an agent does not know', (t) =>
  goesOn(t, async () => {
    const error = await answerTo(agent, await nodeTls('edge-2'), AdminServiceService.listNodes.path, noMessage);
    t.is(error.code, status.UNIMPLEMENTED);
  }),
);

for (const [title, place] of [
  ['the coordinator', coordinator],
  ['an agent', agent],
] as const) {
  test.serial(`plain garbage to ${title}`, (t) =>
    goesOn(t, async () => {
      const socket = connectTcp(place.port, place.host, () => socket.write(Buffer.alloc(1 << 16, 0x5a)));
      socket.on('error', () => undefined).resume();
      await once(socket, 'close');
    }),
  );

  test.serial(`garbage inside TLS to ${title}`, (t) =>
    goesOn(t, async () => {
      const options = { host: place.host, port: place.port, rejectUnauthorized: false, ALPNProtocols: ['h2'] };
      const socket = connectTls(options, () => socket.write(Buffer.alloc(1 << 16, 0x5a)));
      socket.on('error', () => undefined).resume();
      await once(socket, 'close');
    }),
  );
}

test.serial('a node fetches a checkpoint that nobody offered it', (t) =>
  goesOn(t, async () => {
    const { path, requestSerialize } = CheckpointTransferServiceService.fetch;
    const request = requestSerialize({ migrationId: 'm-1', epoch: 2 } as never);
    const error = await answerTo(agent, await nodeTls('edge-2'), path, request);
    t.not(error.code, status.OK);
    t.deepEqual(error.metadata.get('drover-code'), ['PERMISSION_DENIED']);
  }),
);

test.serial('after all of it the workload moves', async (t) => {
  t.is((await migrate(name, 'edge-2')).outcome, 'committed');
});

/** Neither program ends, no session breaks, and the workload does not notice. */
async function goesOn(t: ExecutionContext, attack: () => Promise<void>): Promise<void> {
  const [before, life] = [await programs(), await lifeOf('edge-1', name)];
  await attack();
  const { nodes } = await droverJson<{ nodes: { name: string; state: string }[] }>('nodes');
  t.true(nodes.length >= 3 && nodes.every(({ state }) => state === 'ready'), JSON.stringify(nodes));
  t.deepEqual(await programs(), before);
  await goesOnUntouched(t, { node: 'edge-1', name }, life);
}

// The processes of the coordinator and of the agent, and how many sessions there were.
async function programs() {
  const log = await readFile(`${labDirectory()}/coordinator.log`, 'utf8');
  return {
    coordinator: await readFile(`${labDirectory()}/coordinator.pid`, 'utf8'),
    agent: await labExec('edge-1', 'cat', '/run/drover-lab/agent.pid'),
    sessions: log.match(/"session opened"/g)?.length,
  };
}

/** The error that a call with these bytes ends with. */
async function answerTo({ host, port, identity }: Place, tls: TlsIdentity, path: string, bytes: Buffer) {
  const client = new Client(`${host}:${port}`, clientCredentials(tls), channelOptions(identity));
  const same = (buffer: Buffer) => buffer;
  const call = client.makeBidiStreamRequest(path, same, same);
  call.end(bytes);
  call.resume();
  try {
    const [error] = await once(call, 'error').catch((thrown: unknown) => [thrown]);
    return error as ServiceError;
  } finally {
    client.close();
  }
}

async function adminTls(): Promise<TlsIdentity> {
  const text = await readFile(`${labDirectory()}/coordinator/admin-context.json`, 'utf8');
  const context = JSON.parse(text) as { ca_pem: string; certificate_pem: string; key_pem: string };
  return { caPem: context.ca_pem, certificatePem: context.certificate_pem, keyPem: context.key_pem };
}

async function nodeTls(node: string): Promise<TlsIdentity> {
  const read = (file: string) => labExec(node, 'cat', `/var/lib/drover/identity/${file}.pem`);
  const [caPem, certificatePem, keyPem] = await Promise.all([read('ca'), read('certificate'), read('key')]);
  return { caPem, certificatePem, keyPem };
}
