import { setTimeout as delay } from 'node:timers/promises';
import { Server, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { DroverError, RenewableServerCredentials, serverOptions, type TlsIdentity } from '../../proto/index.ts';
import { addHealth } from './health.ts';
import { addReflection } from './reflection.ts';

/** The coordinator's gRPC server, with health and reflection. */
export interface ApiServer {
  add<T extends UntypedServiceImplementation>(service: ServiceDefinition<T>, implementation: T): void;
  /** Resolves to the port. Rejects BAD_USAGE when the address cannot be served on. */
  listen(address: string): Promise<number>;
  setServing(serving: boolean): void;
  /** Serves new connections with another certificate. */
  renew(tls: TlsIdentity): void;
  /** Lets open calls end for half a second, then ends them. */
  close(): Promise<void>;
}

const closingMs = 500;

/** Makes a server that reports the health of these services. */
export function openServer(tls: TlsIdentity, services: readonly object[]): ApiServer {
  const server = new Server(serverOptions);
  const credentials = new RenewableServerCredentials(tls);
  const health = addHealth(server, services.map(nameOf));
  addReflection(server);
  return {
    add: (service, implementation) => server.addService(service, implementation),
    listen: (address) =>
      new Promise((resolve, reject) => {
        server.bindAsync(address, credentials, (error, port) => {
          if (error) reject(cannotServe(address, error));
          else resolve(port);
        });
      }),
    setServing: health.setServing,
    renew: (next) => credentials.renew(next),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      await Promise.race([closed, delay(closingMs)]);
      server.forceShutdown();
    },
  };
}

// The name is part of each path: /drover.v1.AdminService/ListNodes.
function nameOf(service: object): string {
  const [first] = Object.values(service) as { path: string }[];
  return first?.path.split('/')[1] ?? '';
}

function cannotServe(address: string, cause: Error): DroverError {
  const message = `Cannot serve on ${address}: ${cause.message}; choose another address with --listen.`;
  return new DroverError('BAD_USAGE', message, { cause });
}
