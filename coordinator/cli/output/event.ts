import type { Event } from '../../../proto/index.ts';
import { humanTime, plain } from './human.ts';

/** An event as `events -o json` shows it. */
export function eventJson(event: Event) {
  return {
    seq: event.seq,
    at: event.at?.toISOString() ?? null,
    type: event.type,
    message: event.message,
    node: event.node || null,
    workload: event.workload || null,
    migration: event.migration || null,
    details: event.details,
  };
}

/** One line for an event. */
export function eventLine(event: Event): string {
  return plain(`${humanTime(event.at)}  ${event.type.padEnd(24)}  ${event.message}`);
}
