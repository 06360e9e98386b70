import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { DroverError } from '../proto/index.ts';
import { systemClock } from './clock.ts';
import { loadConfig } from './config.ts';
import { type Coordinator, startCoordinator } from './coordinator.ts';
import { openSecurity } from './security/open-security.ts';
import { openLevelStore } from './store/level-store.ts';

export interface CoordinatorOptions {
  /** HOST:PORT to serve on; port 0 for a free one. */
  readonly listen: string;
  /** Directory that only this coordinator uses. */
  readonly dataDir: string;
  /** JSON; see config.ts. */
  readonly configFile?: string;
  /** Least level that is logged; goes before the configuration's. */
  readonly logLevel?: string;
}

/**
 * Starts a coordinator on its data directory. Rejects BAD_USAGE (configuration, address), STORE_LOCKED when another
 * coordinator uses the directory, STORE_CORRUPT. `log` defaults to JSON lines on standard output.
 */
export async function createCoordinator(options: CoordinatorOptions & { readonly log?: Logger }): Promise<Coordinator> {
  const { listen, dataDir, configFile, logLevel } = options;
  const host = hostOf(listen);
  const config = await loadConfig(configFile);
  const log = options.log ?? pino({ level: logLevel ?? config.logLevel, base: null });
  const clock = systemClock;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const store = await openLevelStore(join(dataDir, 'store'));
  const advertisedHost = config.advertisedHost ?? reachableHost(host);
  try {
    const { address, stop } = await startCoordinator({
      ...{ store, config, clock, log, listen },
      openSecurity: (parts) => openSecurity({ ...parts, dataDir, clock, log, advertisedHost }),
    });
    log.info({ address, dataDir }, 'listening');
    return {
      address,
      stop: async () => {
        await stop();
        await store.close();
        log.info('stopped');
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

// Longer than the coordinator's own limits together; what hangs past it would hang forever.
const longestStopMs = 9_500;

/** Runs a coordinator until SIGTERM or SIGINT; a second signal ends the process at once. */
export async function runCoordinator(options: CoordinatorOptions): Promise<void> {
  const signalled = firstSignal();
  const coordinator = await createCoordinator(options);
  await signalled;
  for (const signal of signals) process.once(signal, () => process.exit(1));
  setTimeout(() => process.exit(1), longestStopMs).unref();
  await coordinator.stop();
}

const signals = ['SIGTERM', 'SIGINT'] as const;

// Listened for from the start, so that a signal that comes while it starts is not lost.
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) process.once(signal, () => resolve());
  });
}

function hostOf(listen: string): string {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+):(\d{1,5})$/.exec(listen);
  if (match?.[1] !== undefined && Number(match[2]) <= 65_535) return match[1];
  throw new DroverError('BAD_USAGE', `${JSON.stringify(listen)} is no address to serve on; write HOST:PORT.`);
}

// Administrators of this machine cannot dial "every address".
function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '[::]' ? '[::1]' : host;
}
