import type { EventLog } from '../events/event-log.ts';

/** Turns reports and their absence into node.up and node.down, each once per change. */
export interface UpDownEvents {
  heard(node: string): void;
  lost(node: string, why: string): void;
  /** Ends all timers. */
  stop(): void;
}

/** `staleAfterMs`: a node that is silent for longer is down, even though its connection stands. */
export function createUpDownEvents(options: {
  readonly events: Pick<EventLog, 'record'>;
  readonly staleAfterMs: number;
}): UpDownEvents {
  const { events, staleAfterMs } = options;
  const up = new Map<string, NodeJS.Timeout>();

  return {
    heard: (node) => {
      const timer = up.get(node);
      if (timer) {
        timer.refresh();
        return;
      }
      up.set(
        node,
        setTimeout(() => lost(node, `it has not reported for ${staleAfterMs} ms`), staleAfterMs),
      );
      void events.record({ type: 'node.up', node, message: `${node} is connected and reports.` });
    },
    lost,
    stop: () => {
      for (const timer of up.values()) clearTimeout(timer);
      up.clear();
    },
  };

  function lost(node: string, why: string): void {
    const timer = up.get(node);
    if (!timer) return;
    clearTimeout(timer);
    up.delete(node);
    void events.record({ type: 'node.down', node, message: `${node} is down: ${why}.` });
  }
}
