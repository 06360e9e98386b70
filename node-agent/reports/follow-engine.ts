import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Engine } from '../docker/engine-port.ts';
import type { Reports } from './reports.ts';

/** What following the engine needs. */
export interface FollowDependencies {
  readonly engine: Pick<Engine, 'events'>;
  readonly reports: Pick<Reports, 'forget'>;
  /** Sends a report at once instead of at the next interval. */
  readonly reportSoon: () => void;
  readonly log: Logger;
  /** Pause before an engine that went away is asked again, in milliseconds. Defaults to 2,000. */
  readonly retryMs?: number;
}

// Exec sessions are no news in this sense: they come and go with each health check, and wait for the next report.
const news = new Set(['start', 'die', 'destroy', 'pause', 'unpause', 'rename']);

/**
 * Has reports look again at each container that something happened to, and report at once when it started, stopped or
 * went away. Ends when the signal aborts; never rejects.
 */
export async function followEngine(dependencies: FollowDependencies, signal: AbortSignal): Promise<void> {
  const { reports, log, retryMs = 2_000 } = dependencies;
  while (!signal.aborted) {
    await followOnce(dependencies, signal).catch((error) => {
      if (!signal.aborted) log.warn({ err: error }, 'the engine tells no events; asking again');
    });
    // What happens until it is asked again is not told.
    reports.forget();
    await delay(retryMs, undefined, { signal }).catch(() => undefined);
  }
}

async function followOnce({ engine, reports, reportSoon }: FollowDependencies, signal: AbortSignal): Promise<void> {
  for await (const { action, containerId } of engine.events(signal)) {
    reports.forget(containerId);
    if (news.has(action)) reportSoon();
  }
}
