import type { Logger } from 'pino';
import { DroverError, type ErrorCode, type OnCallError } from '../../proto/index.ts';
import type { Clock } from '../clock.ts';
import type { EventLog } from '../events/event-log.ts';

const refusalCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'CERTIFICATE_INVALID',
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_REVOKED',
  'TOKEN_INVALID',
  'TOKEN_USED',
  'TOKEN_EXPIRED',
  'TOKEN_REVOKED',
]);

// The same refusal of the same host becomes an event once in this time: whoever knocks forever must not push real events out.
const quietMs = 60_000;

/** Hears of every failed call: logs it, and records who was turned away. */
export function callErrors(options: {
  readonly events: Pick<EventLog, 'record'>;
  readonly log: Logger;
  readonly clock: Clock;
}): OnCallError {
  const { events, log, clock } = options;
  const recorded = new Map<string, number>();

  return (error, { method, peer }) => {
    if (!(error instanceof DroverError)) {
      log.error({ err: error, method, peer }, 'a call failed in a way that was not foreseen');
      return;
    }
    const { code, message } = error;
    if (code === 'CANCELLED') return log.debug({ code, method, peer }, message);
    log.warn({ code, method, peer, ...error.details }, `refused or failed: ${message}`);
    if (refusalCodes.has(code) && isNews(`${hostOf(peer)} ${method} ${code}`)) record(error, method, peer);
  };

  function record({ code, message, details }: DroverError, method: string, peer: string): void {
    void events.record({
      type: typeOf(code, method),
      message,
      node: details.node ?? '',
      details: { ...details, code, method, peer },
    });
  }

  function isNews(key: string): boolean {
    const now = clock.monotonicMs();
    for (const [old, at] of recorded) if (now - at > quietMs || recorded.size > 1000) recorded.delete(old);
    if (recorded.has(key)) return false;
    recorded.set(key, now);
    return true;
  }
}

function typeOf(code: ErrorCode, method: string): string {
  if (code.startsWith('TOKEN_')) return 'token.refused';
  return method.includes('AgentSessionService') ? 'session.refused' : 'call.refused';
}

function hostOf(peer: string): string {
  return peer.slice(0, peer.lastIndexOf(':'));
}
