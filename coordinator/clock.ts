import { performance } from 'node:perf_hooks';

/** Time as a dependency, so that tests can hold it. */
export interface Clock {
  /** Wall clock, for what people read. */
  readonly now: () => Date;
  /** Milliseconds that never jump, for ages and durations. */
  readonly monotonicMs: () => number;
}

export const systemClock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() };
