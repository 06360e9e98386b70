import { deadline } from '../../../proto/index.ts';
import type { RawAnswer } from './answer-checks.ts';
import type { Ask } from './ask.ts';

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
  /** After this time without an answer the other places are asked, too. In milliseconds. */
  readonly hedgeMs: number;
  readonly giveUpMs: number;
}

// The other end may have vanished without a word: after this time a new connection is the better one.
const attemptMs = 1_000;
const longestWaitMs = 1_000;

/**
 * One request of a patient client. It goes to the preferred place. When that refuses or cuts it, or has said nothing
 * for `hedgeMs`, all places are asked where no attempt is pending; again after pauses of 2, 4, 8, … times `hedgeMs`,
 * at most a second. The first answer counts. Never rejects.
 */
export function patientRequest(options: RequestOptions): Promise<Outcome> {
  const { urls, preferred, ask, begin, hedgeMs, giveUpMs } = options;
  const over = new AbortController();
  const pending = new Set<string>();
  let retried = false;
  return new Promise((resolve) => {
    const giveUp = setTimeout(() => end({ retried }), giveUpMs);
    let nextRound = setTimeout(round, hedgeMs, hedgeMs);
    attempt(preferred, askOthers);

    function attempt(url: string, failed: () => void): void {
      const judge = begin();
      pending.add(url);
      ask(url, deadline(attemptMs, over.signal)).then(
        (answer) => end({ url, answer, complaint: judge(answer), retried }),
        () => {
          pending.delete(url);
          if (!over.signal.aborted) failed();
        },
      );
    }

    function askOthers(): void {
      retried = true;
      for (const url of urls) if (!pending.has(url) && url !== preferred) attempt(url, () => {});
    }

    function round(waitMs: number): void {
      retried = true;
      for (const url of urls) if (!pending.has(url)) attempt(url, () => {});
      const longerMs = Math.min(waitMs * 2, longestWaitMs);
      nextRound = setTimeout(round, longerMs, longerMs);
    }

    function end(outcome: Outcome): void {
      if (over.signal.aborted) return;
      clearTimeout(giveUp);
      clearTimeout(nextRound);
      over.abort();
      resolve(outcome);
    }
  });
}
