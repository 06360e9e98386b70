import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metadata } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { createCoordinator } from '../../coordinator/main.ts';
import { adminContextPath, adminContextSchema } from '../../coordinator/security/admin-context.ts';
import {
  AdminServiceClient,
  channelOptions,
  clientCalls,
  clientCredentials,
  coordinatorIdentity,
} from '../../proto/index.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { silentLog as log } from '../support/silent-log.ts';

const listen = '127.0.0.1:0';

test('a coordinator serves whoever has its admin context, also after a restart', async (t) => {
  const dataDir = await aDirectory(t);
  const first = await createCoordinator({ listen, dataDir, log });
  const id = await createToken(dataDir);
  await first.stop();
  const second = await createCoordinator({ listen, dataDir, log });
  t.teardown(second.stop);
  const { client, unary } = await connect(dataDir);
  const { tokens } = await unary(client, client.listTokens, {});
  client.close();
  t.deepEqual(
    tokens.map((token) => token.id),
    [id],
  );
  t.is((await stat(adminContextPath(dataDir))).mode & 0o777, 0o600);
});

test('a second coordinator on the same data directory is told so', async (t) => {
  const dataDir = await aDirectory(t);
  const { stop } = await createCoordinator({ listen, dataDir, log });
  t.teardown(stop);
  const error = await rejectionOf(createCoordinator({ listen, dataDir, log }));
  t.is(error.code, 'STORE_LOCKED');
  t.regex(error.message, /stop the other coordinator/);
});

test('an address that is taken is named, and the data directory is free again', async (t) => {
  const dataDir = await aDirectory(t);
  const { address, stop } = await createCoordinator({ listen, dataDir: await aDirectory(t), log });
  t.teardown(stop);
  const error = await rejectionOf(createCoordinator({ listen: address, dataDir, log }));
  t.is(error.code, 'BAD_USAGE');
  t.true(error.message.includes(address));
  const other = await createCoordinator({ listen, dataDir, log });
  await t.notThrowsAsync(other.stop());
});

for (const address of ['7400', 'localhost', 'localhost:70000', ':7400']) {
  test(`${address} is no address to serve on`, async (t) => {
    t.is((await rejectionOf(createCoordinator({ listen: address, dataDir: '/nowhere', log }))).code, 'BAD_USAGE');
  });
}

async function createToken(dataDir: string): Promise<string | undefined> {
  const { client, unary } = await connect(dataDir);
  const { token } = await unary(client, client.createToken, { ttlSeconds: 60 });
  client.close();
  return token?.id;
}

async function connect(dataDir: string) {
  const context = adminContextSchema.parse(JSON.parse(await readFile(adminContextPath(dataDir), 'utf8')));
  const tls = { caPem: context.ca_pem, certificatePem: context.certificate_pem, keyPem: context.key_pem };
  const options = channelOptions(coordinatorIdentity);
  const client = new AdminServiceClient(context.coordinator, clientCredentials(tls), options);
  const { unary } = clientCalls({ peer: 'the coordinator', timeoutMs: 10_000 }, () => new Metadata());
  return { client, unary };
}

async function aDirectory(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'drover-coordinator-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
