import { createSocket } from 'node:dgram';

/**
 * HOST:PORT at which other agents reach this one, unless it was told another: the address that this device uses towards
 * the coordinator, with the port of the transfer service. Connecting a UDP socket asks the kernel's routes and sends nothing.
 */
export async function advertisedAddress(coordinator: string, port: number): Promise<string> {
  const colon = coordinator.lastIndexOf(':');
  const host = coordinator.slice(0, colon).replace(/^\[|\]$/g, '');
  const address = await addressTowards(host, Number(coordinator.slice(colon + 1)));
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function addressTowards(host: string, port: number): Promise<string> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  return new Promise<string>((resolve, reject) => {
    socket.on('error', reject);
    socket.connect(port, host, () => resolve(socket.address().address));
  }).finally(() => socket.close());
}
