import { randomUUID } from 'node:crypto';
import { DroverError } from '../../proto/index.ts';
import type { LeaseRecord } from './stored-records.ts';

// The longest delay that a Node.js timer takes.
const longestTimerMs = 2 ** 31 - 1;

interface Lease {
  readonly ttlMs: number;
  /** Monotonic, from performance.now(): a step of the wall clock must not end a lease. */
  expiresAt: number;
  timer?: NodeJS.Timeout;
}

/** The clock side of leases: who is alive until when. What is durable about them is the store's business. */
export function leaseTimers(onExpired: (leaseId: string) => void) {
  const leases = new Map<string, Lease>();

  return {
    /** Throws INVALID_ARGUMENT for a time that is not positive. */
    record(ttlMs: number, now: number): { id: string; record: LeaseRecord } {
      if (!(ttlMs > 0) || !Number.isFinite(ttlMs)) {
        throw new DroverError('INVALID_ARGUMENT', `A lease needs a positive time to live, not ${ttlMs} ms.`);
      }
      return { id: randomUUID(), record: { ttlMs, deadline: now + ttlMs } };
    },

    /** Starts a lease that has `leftMs` of its time left. */
    start(id: string, ttlMs: number, leftMs: number): void {
      clearTimeout(leases.get(id)?.timer);
      const lease: Lease = { ttlMs, expiresAt: performance.now() + leftMs };
      leases.set(id, lease);
      wait(id, lease);
    },

    /** Time to live of a live lease in milliseconds. Throws LEASE_LOST. */
    ttlOf(id: string): number {
      const lease = leases.get(id);
      if (lease === undefined || performance.now() >= lease.expiresAt) throw lost(id);
      return lease.ttlMs;
    },

    /** Whether its time is really over; a keep-alive may have come between. */
    isOver: (id: string) => performance.now() >= (leases.get(id)?.expiresAt ?? Number.POSITIVE_INFINITY),

    end(id: string): void {
      clearTimeout(leases.get(id)?.timer);
      leases.delete(id);
    },

    stop(): void {
      for (const { timer } of leases.values()) clearTimeout(timer);
      leases.clear();
    },
  };

  // A timer may fire a little early, and none can be set for longer than 24 days: so each looks at the time again.
  function wait(id: string, lease: Lease): void {
    const leftMs = Math.max(1, lease.expiresAt - performance.now());
    const fire = () => (performance.now() < lease.expiresAt ? wait(id, lease) : onExpired(id));
    lease.timer = setTimeout(fire, Math.min(Math.ceil(leftMs), longestTimerMs)).unref();
  }
}

function lost(leaseId: string): DroverError {
  return new DroverError('LEASE_LOST', `Lease ${leaseId} has run out or was never granted.`, { details: { leaseId } });
}
