import type { Logger } from 'pino';
import type { Heartbeat } from '../../proto/index.ts';

export type Report = Omit<Heartbeat, 'seq'>;

/** The beats of one session. */
export interface Heartbeats {
  /** Reports as soon as possible instead of at the next interval. */
  soon(): void;
  stop(): void;
}

// INVARIANT: one report is made at a time; a request that comes meanwhile makes one more afterwards, however many there are.
export function startHeartbeats(options: {
  readonly intervalMs: number;
  readonly report: () => Promise<Report>;
  readonly send: (report: Report) => void;
  readonly log: Logger;
}): Heartbeats {
  const { intervalMs, report, send, log } = options;
  let busy = false;
  let again = false;
  let stopped = false;
  let timer = setTimeout(soon, intervalMs);
  return {
    soon,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };

  function soon(): void {
    again = true;
    if (!busy) void beat();
  }

  async function beat(): Promise<void> {
    busy = true;
    while (again && !stopped) {
      again = false;
      clearTimeout(timer);
      try {
        const next = await report();
        if (!stopped) send(next);
      } catch (error) {
        // Silence is the honest report of an agent that does not know its own state.
        log.warn({ err: error }, 'could not make a report');
      }
    }
    busy = false;
    if (!stopped) timer = setTimeout(soon, intervalMs);
  }
}
