import { DroverError, type Port } from '../../proto/index.ts';
import type { CreateBody } from '../docker/create-body.ts';
import type { ContainerSummary } from '../docker/engine-port.ts';
import { requestedPorts } from '../docker/published-ports.ts';
import { isWildcard, type ListeningSocket } from './listening-sockets.ts';

/** One TARGET_INCOMPATIBLE for each port of the node that a workload publishes and somebody else has. Pure. */
export function portRefusals(
  need: { readonly body: CreateBody },
  node: { readonly containers: readonly ContainerSummary[]; readonly listening: readonly ListeningSocket[] },
): DroverError[] {
  return requestedPorts(need.body).flatMap((port) => {
    const holder = holderOf(port, node);
    if (holder === undefined) return [];
    const message = `Port ${port.hostPort}/${port.protocol} of this node is taken by ${holder}: free it, or choose another node.`;
    return [new DroverError('TARGET_INCOMPATIBLE', message, { details: { port: String(port.hostPort) } })];
  });
}

// Docker may publish without a listening socket, so both are looked at; a container is the better name for a holder.
function holderOf(
  port: Port,
  node: { readonly containers: readonly ContainerSummary[]; readonly listening: readonly ListeningSocket[] },
): string | undefined {
  const container = node.containers.find(({ ports }) => ports.some((other) => collide(port, other)));
  if (container !== undefined) return `the container ${container.name}`;
  const socket = node.listening.find(({ address, port: hostPort, protocol }) =>
    collide(port, { hostIp: address, hostPort, protocol }),
  );
  return socket && `a program that listens on ${socket.address}`;
}

function collide(a: Pick<Port, 'hostIp' | 'hostPort' | 'protocol'>, b: typeof a): boolean {
  if (a.hostPort !== b.hostPort || a.protocol !== b.protocol) return false;
  return isWildcard(a.hostIp) || isWildcard(b.hostIp) || a.hostIp === b.hostIp;
}
