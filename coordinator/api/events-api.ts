import type { AdminServiceServer, Event } from '../../proto/index.ts';
import type { EventLog } from '../events/event-log.ts';
import type { AdminCalls } from './admin-calls.ts';

/** The call about events. */
export function eventsApi(options: {
  readonly calls: AdminCalls;
  readonly events: Pick<EventLog, 'read' | 'watch'>;
}): Pick<AdminServiceServer, 'streamEvents'> {
  const { calls, events } = options;
  return {
    streamEvents: calls.serverStream(async function* ({ since, watch }, { signal }) {
      const source: AsyncIterable<Event> | Event[] = watch ? events.watch(since, signal) : await events.read(since);
      for await (const event of source) yield { event };
    }),
  };
}
