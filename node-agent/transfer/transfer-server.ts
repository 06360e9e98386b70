import { Server } from '@grpc/grpc-js';
import {
  type CheckpointTransferServiceServer,
  DroverError,
  RenewableServerCredentials,
  serverOptions,
  type TlsIdentity,
} from '../../proto/index.ts';
import { leanTransferService } from './fetch-method.ts';

/** The agent's own gRPC server, for other agents. */
export interface TransferServer {
  readonly port: number;
  /** New connections use the new certificate. */
  renew(tls: TlsIdentity): void;
  close(): void;
}

/** Serves checkpoints at HOST:PORT. Rejects BAD_USAGE when the address cannot be served on. */
export async function openTransferServer(
  address: string,
  tls: TlsIdentity,
  service: CheckpointTransferServiceServer,
): Promise<TransferServer> {
  const server = new Server(serverOptions);
  const credentials = new RenewableServerCredentials(tls);
  server.addService(leanTransferService, service);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error) reject(cannotServe(address, error));
      else resolve(bound);
    });
  });
  return { port, renew: (next) => credentials.renew(next), close: () => server.forceShutdown() };
}

function cannotServe(address: string, cause: Error): DroverError {
  const message = `Cannot serve on ${address}: ${cause.message}; choose another address with --listen.`;
  return new DroverError('BAD_USAGE', message, { cause });
}
