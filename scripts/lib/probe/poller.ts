import type { AnswerChecks } from './answer-checks.ts';
import type { Ask } from './ask.ts';
import { Crowd } from './crowd.ts';
import { type Outcome, patientRequest } from './patient-request.ts';
import type { ProbeReport } from './report.ts';

export interface PollerOptions {
  readonly urls: readonly string[];
  readonly ask: Ask;
  readonly checks: AnswerChecks;
  /** Milliseconds, from any origin. */
  readonly now: () => number;
  /** Defaults to 10. */
  readonly everyMs?: number;
  /** Defaults to 100. */
  readonly hedgeMs?: number;
  /** Defaults to 10 000. */
  readonly giveUpMs?: number;
}

/** A client that begins a request every few milliseconds, wherever the workload is. */
export interface Poller {
  /** Waits for the requests that have begun, and reports on all that ended since the last report. */
  take(): Promise<ProbeReport>;
  /** Begins no more requests. */
  stop(): void;
}

const complaintsKept = 5;

/** Starts polling at once. Each request goes first to the place that answered last. */
export function startPolling(options: PollerOptions): Poller {
  const { urls, ask, checks, now, everyMs = 10, hedgeMs = 100, giveUpMs = 10_000 } = options;
  const open = new Set<Promise<void>>();
  const crowd = new Crowd();
  let preferred = urls[0] ?? '';
  let lastAnswerAt: number | undefined;
  let tally = emptyTally();

  const timer = setInterval(() => {
    const begin = () => checks.begin();
    const request = patientRequest({ urls, preferred, ask, begin, crowd, hedgeMs, giveUpMs }).then(note);
    open.add(request);
    void request.then(() => open.delete(request));
  }, everyMs);

  function note({ url, complaint, retried }: Outcome): void {
    tally.requests += 1;
    if (url === undefined) tally.unanswered += 1;
    else if (complaint === undefined) noteAnswer(url, retried);
    else {
      tally.wrong += 1;
      if (tally.complaints.length < complaintsKept) tally.complaints.push(`${url}: ${complaint}`);
    }
  }

  function noteAnswer(url: string, retried: boolean): void {
    const at = now();
    if (retried) tally.retried += 1;
    tally.longestGapMs = Math.max(tally.longestGapMs, at - (lastAnswerAt ?? at));
    lastAnswerAt = at;
    if (url === preferred) return;
    preferred = url;
    crowd.found(url);
  }

  return {
    async take() {
      await Promise.all(open);
      const report = tally;
      // Without any answer the gap is still open.
      const openGapMs = lastAnswerAt === undefined ? 0 : now() - lastAnswerAt;
      tally = emptyTally();
      return { ...report, longestGapMs: Math.max(report.longestGapMs, openGapMs) };
    },
    stop: () => clearInterval(timer),
  };
}

function emptyTally() {
  return { requests: 0, retried: 0, unanswered: 0, wrong: 0, longestGapMs: 0, complaints: [] as string[] };
}
