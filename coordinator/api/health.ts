import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';

/** The standard health service, which asks for no certificate: load balancers and probes have none. */
export interface Health {
  setServing(serving: boolean): void;
}

/** Adds the health service to a server; not serving until told so. */
export function addHealth(server: Server, services: readonly string[]): Health {
  // "" stands for the server as a whole.
  const names = ['', ...services];
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, 'NOT_SERVING'])));
  health.addToServer(server);
  return {
    setServing: (serving) => {
      for (const name of names) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
    },
  };
}
