import { once } from 'node:events';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { type ConnectRequest, type ConnectResponse, type DroverError, fromStatus } from '../../proto/index.ts';
import { aMemory } from './a-fleet.ts';
import { aHello, type SessionHost } from './session-host.ts';

export type Call = ClientDuplexStream<ConnectRequest, ConnectResponse>;

export const inspect = { $case: 'inspectContainer', value: { workload: 'web' } } as const;
export const options = { timeoutMs: 5000 };

export async function open(host: SessionHost, node: string) {
  const client = await host.client(node);
  const call = client.connect();
  call.on('error', () => undefined);
  call.write({ body: { $case: 'hello', value: aHello(node) } });
  const [first] = (await once(call, 'data')) as [ConnectResponse];
  return { call, welcome: first.body };
}

export async function nextCommand(call: Call) {
  const [message] = (await once(call, 'data')) as [ConnectResponse];
  if (message.body?.$case !== 'command') throw new Error('expected a command');
  return message.body.value;
}

export function beat(call: Call, seq: number, availableBytes: number): void {
  call.write({ body: { $case: 'heartbeat', value: { seq, containers: [], memory: aMemory({ availableBytes }) } } });
}

export async function errorOf(call: Call): Promise<DroverError> {
  call.resume();
  const [error] = await once(call, 'error').catch((thrown) => [thrown]);
  return fromStatus(error, 'the coordinator');
}
