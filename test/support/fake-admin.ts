import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server } from '@grpc/grpc-js';
import type { ExecutionContext } from 'ava';
import {
  type AdminServiceServer,
  AdminServiceService,
  DroverError,
  RenewableServerCredentials,
  serverCalls,
  serverOptions,
} from '../../proto/index.ts';
import { adminCertificates } from './admin-certificates.ts';

const calls = serverCalls(() => {});

/** Answers of single calls; what a test does not give is answered with NOT_SUPPORTED. */
export type AdminAnswers = Partial<AdminServiceServer>;

/** Makes handlers in the way that real services do. */
export const { unary: answer, serverStream: answerStream } = calls;

export interface FakeAdmin {
  /** HOST:PORT. */
  readonly address: string;
  /** An admin context for this server. */
  readonly contextFile: string;
  stop(): Promise<void>;
}

/** A real gRPC server with mutual TLS on a free port, and an admin context for it. */
export async function startFakeAdmin(answers: AdminAnswers): Promise<FakeAdmin> {
  const certificates = await adminCertificates();
  const server = new Server(serverOptions);
  server.addService(AdminServiceService, Object.assign(everythingUnknown(), answers));
  const credentials = new RenewableServerCredentials(certificates.coordinator);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  const address = `127.0.0.1:${port}`;
  const folder = await mkdtemp(join(tmpdir(), 'drover-cli-'));
  const contextFile = join(folder, 'admin-context.json');
  const { caPem, certificatePem, keyPem } = certificates.admin;
  const context = { coordinator: address, ca_pem: caPem, certificate_pem: certificatePem, key_pem: keyPem };
  await writeFile(contextFile, JSON.stringify(context), { mode: 0o600 });
  const stop = async () => {
    server.forceShutdown();
    await rm(folder, { recursive: true, force: true });
  };
  return { address, contextFile, stop };
}

/** Arguments that let `drover` talk to such a server, which ends with the test. */
export async function contextArgs(t: Pick<ExecutionContext, 'teardown'>, answers: AdminAnswers): Promise<string[]> {
  const server = await startFakeAdmin(answers);
  t.teardown(server.stop);
  return ['--context', server.contextFile];
}

function everythingUnknown(): AdminServiceServer {
  const refuse = calls.unary(async () => {
    throw new DroverError('NOT_SUPPORTED', 'This test expects no such call.');
  });
  return Object.fromEntries(
    Object.keys(AdminServiceService).map((name) => [name, refuse]),
  ) as unknown as AdminServiceServer;
}
