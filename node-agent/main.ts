import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { type Logger, pino } from 'pino';
import { DroverError } from '../proto/index.ts';
import { startAgent } from './agent.ts';
import type { AgentOptions } from './config.ts';
import { DockerEngine } from './docker/docker-engine.ts';
import { enroll } from './identity/enroll.ts';
import { type IdentityFiles, identityFiles, type NodeIdentity } from './identity/identity-files.ts';
import { keepRenewed } from './identity/renewal.ts';
import { defaultPaths } from './runtime/paths.ts';

const signals = ['SIGTERM', 'SIGINT'] as const;

// Longer than what the agent gives its hand-overs; what hangs past it would hang forever.
const longestStopMs = 9_500;

/** Runs a node agent until SIGTERM or SIGINT; a second signal ends the process at once. Containers are not touched. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const signalled = firstSignal();
  const log = pino({ level: options.logLevel, base: { node: options.name } });
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const files = identityFiles(options.dataDir);
  const identity = await identityOf(files, options, log);
  const { dockerCallMs: callTimeoutMs, dockerWorkMs: workTimeoutMs } = options.timeouts;
  const engine = new DockerEngine({ socketPath: options.dockerSocket, callTimeoutMs, workTimeoutMs });
  const agent = await startAgent({
    options,
    engine,
    paths: defaultPaths,
    tls: identity.tls,
    log,
    version: ownVersion(),
  });
  const ended = new AbortController();
  const renewing = keepRenewed({
    ...{ files, log, signal: ended.signal },
    identity: { ...identity, coordinator: options.coordinator },
    onRenewed: (tls) => agent.renew(tls),
  });
  await signalled;
  for (const signal of signals) process.once(signal, () => process.exit(1));
  setTimeout(() => process.exit(1), longestStopMs).unref();
  ended.abort();
  await agent.stop();
  await renewing;
  log.info('stopped');
}

// Who this device is: from disk, or by joining with the token.
async function identityOf(files: IdentityFiles, options: AgentOptions, log: Logger): Promise<NodeIdentity> {
  const known = await files.load();
  if (known !== undefined) {
    if (known.node === options.name) return known;
    throw new DroverError(
      'BAD_USAGE',
      `This device joined as ${known.node}; start it with --name ${known.node}, or with an empty --data-dir to join anew.`,
    );
  }
  const { coordinator, token, name } = options;
  if (token === undefined) {
    throw new DroverError(
      'TOKEN_INVALID',
      'This device has not joined yet: start the agent with --token, from "drover token create".',
    );
  }
  const identity = await enroll({ coordinator, token, node: name, keyPem: await files.pendingKey(), log });
  await files.save(identity);
  log.info({ coordinator }, 'joined the cluster');
  return identity;
}

// Listened for from the start, so that a signal that comes while it starts is not lost.
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) process.once(signal, () => resolve());
  });
}

// Compiled to dist/node-agent.
function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
