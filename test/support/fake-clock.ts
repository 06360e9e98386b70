import type { Clock } from '../../coordinator/clock.ts';

/** A clock that stands until it is moved. */
export function fakeClock(): Clock & { advance(ms: number): void } {
  let elapsed = 0;
  return {
    now: () => new Date(Date.UTC(2026, 0, 1) + elapsed),
    monotonicMs: () => elapsed,
    advance: (ms) => {
      elapsed += ms;
    },
  };
}
