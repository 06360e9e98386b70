import { deadline } from '../../../proto/index.ts';
import type { RawAnswer } from './answer-checks.ts';
import type { Ask } from './ask.ts';
import type { Crowd, Waiter } from './crowd.ts';

/** How one request ended. */
export interface Outcome {
  /** Where the answer came from; undefined when none came in time. */
  readonly url?: string;
  readonly answer?: RawAnswer;
  /** What the judge of the answer says is wrong with it. */
  readonly complaint?: string | undefined;
  /** Whether the first attempt was refused, cut or kept waiting. */
  readonly retried: boolean;
}

export interface RequestOptions {
  /** All places where the workload may be. */
  readonly urls: readonly string[];
  /** The place to ask first. */
  readonly preferred: string;
  readonly ask: Ask;
  /** Called as each attempt begins, for the judge of its answer. */
  readonly begin: () => (answer: RawAnswer) => string | undefined;
  readonly crowd: Crowd;
  /** After this time without an answer it looks around. In milliseconds. */
  readonly hedgeMs: number;
  readonly giveUpMs: number;
}

// The other end may have vanished without a word: after this time a new connection is the better one.
const attemptMs = 1_000;
// How often the scout of the crowd asks again where it has no attempt pending.
const scoutMs = 20;
// A scout's connection may have been lost on a network that was being set up: it soon opens another.
const scoutAttemptMs = 150;

/**
 * One request of a patient client. It goes to the preferred place. When that refuses or cuts it, or has said nothing
 * for `hedgeMs`, it looks around with the rest of its crowd: the one that has waited longest asks all places where it
 * has no attempt pending, every 20 ms, and the others follow to where it is answered. The first answer counts.
 * Never rejects.
 */
export function patientRequest(options: RequestOptions): Promise<Outcome> {
  const { urls, preferred, ask, begin, crowd, hedgeMs, giveUpMs } = options;
  const over = new AbortController();
  const pending = new Set<string>();
  let retried = false;
  return new Promise((resolve) => {
    const waiter: Waiter = { goTo: (url) => attempt(url) };
    const giveUp = setTimeout(() => end({ retried }), giveUpMs);
    let nextRound = setTimeout(round, hedgeMs);
    crowd.join(waiter);
    attempt(preferred);

    function attempt(url: string, timeoutMs = attemptMs): void {
      if (pending.has(url)) return;
      const judge = begin();
      pending.add(url);
      ask(url, deadline(timeoutMs, over.signal)).then(
        (answer) => end({ url, answer, complaint: judge(answer), retried }),
        () => failed(url),
      );
    }

    function failed(url: string): void {
      pending.delete(url);
      if (over.signal.aborted || retried) return;
      clearTimeout(nextRound);
      round();
    }

    function round(): void {
      retried = true;
      const scout = crowd.isScout(waiter);
      if (scout) for (const url of urls) attempt(url, scoutAttemptMs);
      nextRound = setTimeout(round, scout ? scoutMs : hedgeMs);
    }

    function end(outcome: Outcome): void {
      if (over.signal.aborted) return;
      clearTimeout(giveUp);
      clearTimeout(nextRound);
      crowd.leave(waiter);
      over.abort();
      resolve(outcome);
    }
  });
}
