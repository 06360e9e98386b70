export type NodeLiveness = 'ready' | 'cordoned' | 'down';

export interface LivenessFacts {
  readonly connected: boolean;
  readonly cordoned: boolean;
  /** Since the last report; infinite when there was none. */
  readonly ageMs: number;
  readonly staleAfterMs: number;
}

/** Whether a node can be relied on: without a session, or silent for too long, it cannot. Pure. */
export function livenessOf({ connected, cordoned, ageMs, staleAfterMs }: LivenessFacts): NodeLiveness {
  if (!connected || ageMs > staleAfterMs) return 'down';
  return cordoned ? 'cordoned' : 'ready';
}
