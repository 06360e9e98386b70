import type { ExecutionContext } from 'ava';
import { createSession, type SessionOptions } from '../../node-agent/session/session-client.ts';
import { CommandDone } from '../../proto/index.ts';
import { aHello, type SessionHost } from './session-host.ts';
import { silentLog as log } from './silent-log.ts';
import { until } from './until.ts';

const backoff = { firstMs: 10, longestMs: 50, refusedMs: 2 ** 30 };

export async function startAgent(
  t: ExecutionContext,
  host: SessionHost,
  node: string,
  changes: Partial<SessionOptions> = {},
  waitUntilOpen = true,
) {
  const session = createSession({ ...(await agentOptions(host, node)), ...changes });
  const stop = new AbortController();
  const running = session.run(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await running;
    await host.stop();
  });
  if (waitUntilOpen) await until(() => session.connected);
  return session;
}

export async function agentOptions(host: SessionHost, node: string): Promise<SessionOptions> {
  const tls = await host.certificate(node);
  return {
    tls: () => tls,
    coordinator: host.address,
    hello: async () => aHello(node),
    heartbeat: async () => ({ containers: [] }),
    execute: async () => CommandDone.fromPartial({}),
    ...{ log, backoff },
  };
}
