/** How long to wait between attempts, in milliseconds. */
export interface Backoff {
  /** Upper bound of the first wait; doubles with each attempt. */
  readonly firstMs: number;
  /** Upper bound of every wait. */
  readonly longestMs: number;
  /** Upper bound after the coordinator has refused this agent: nothing changes by itself then. */
  readonly refusedMs: number;
}

export const defaultBackoff: Backoff = { firstMs: 200, longestMs: 10_000, refusedMs: 60_000 };

/**
 * Wait before attempt `attempt` (0 is the first one after a failure): exponential with full jitter, so that a fleet that lost
 * its coordinator does not come back all at once. `random` is from 0 to below 1. Pure.
 */
export function backoffMs(attempt: number, random: number, { firstMs, longestMs }: Backoff = defaultBackoff): number {
  return random * Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 30));
}

/** Wait after a refusal: between half of the bound and the bound. Pure. */
export function refusedWaitMs(random: number, { refusedMs }: Backoff = defaultBackoff): number {
  return refusedMs * (0.5 + random / 2);
}
