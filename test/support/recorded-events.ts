import type { EventLog, NewEvent } from '../../coordinator/events/event-log.ts';

/** Keeps events in an array, in the order in which they were recorded. */
export function recordedEvents(): Pick<EventLog, 'record'> & { readonly all: NewEvent[]; types(): string[] } {
  const all: NewEvent[] = [];
  return {
    all,
    types: () => all.map(({ type }) => type),
    record: async (event) => void all.push(event),
  };
}
