import { Client } from 'undici';
import type { RawAnswer } from './answer-checks.ts';

/** Asks one URL once. Rejects when it is refused, cut or aborted. */
export type Ask = (url: string, signal: AbortSignal) => Promise<RawAnswer>;

/**
 * GET over a connection of its own: each attempt shows what a client that arrives right then would see. A kept
 * connection could not outlive a change of address anyway, and a pool would queue requests behind a dead one.
 */
export const askOnce: Ask = async (url, signal) => {
  const { origin, pathname } = new URL(url);
  const client = new Client(origin, { pipelining: 0 });
  try {
    const { statusCode, body } = await client.request({ path: pathname, method: 'GET', signal });
    return { status: statusCode, text: await body.text() };
  } finally {
    client.destroy().catch(() => {}); // of no interest: the answer is there, or nobody waits for it
  }
};
