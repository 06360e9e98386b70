import type { CommandResult, ConnectRequest, HandoverSignal } from '../../proto/index.ts';

/** Results and signals on their way up; they outlive the session that they were made in. */
export interface Outgoing {
  result(result: CommandResult): void;
  signal(signal: HandoverSignal): void;
  /** What a session sends, in order, until `stop` aborts; waits for more when there is none. */
  messages(stop: AbortSignal): AsyncIterable<ConnectRequest>;
  /**
   * A session has ended. What was sent on it within the last `windowMs` may not have arrived and is queued again, except for
   * progress; the coordinator ignores what it has had.
   */
  rewind(windowMs: number): void;
}

interface Kept {
  readonly request: ConnectRequest;
  sentAtMs?: number;
}

// INVARIANTS: at most `capacity` messages are kept, the oldest go first; of one migration's progress only the latest is queued.
export function createOutgoing(options: { readonly monotonicMs: () => number; readonly capacity?: number }): Outgoing {
  const { monotonicMs, capacity = 1024 } = options;
  const queue: Kept[] = [];
  let sent: Kept[] = [];
  let wake: () => void = () => undefined;

  return {
    result: (value) => add({ body: { $case: 'result', value } }),
    signal: (value) => {
      if (isProgress(value)) dropProgress(value.migrationId);
      add({ body: { $case: 'signal', value } });
    },
    messages,
    rewind: (windowMs) => {
      const since = monotonicMs() - windowMs;
      const unsure = sent.filter(({ request, sentAtMs = 0 }) => sentAtMs >= since && !isProgressMessage(request));
      sent = [];
      queue.unshift(...unsure);
      queue.splice(0, Math.max(0, queue.length - capacity));
    },
  };

  function add(request: ConnectRequest): void {
    queue.push({ request });
    queue.splice(0, Math.max(0, queue.length - capacity));
    wake();
  }

  async function* messages(stop: AbortSignal): AsyncGenerator<ConnectRequest> {
    stop.addEventListener('abort', () => wake(), { once: true });
    while (!stop.aborted) {
      const next = queue.shift();
      if (next) {
        next.sentAtMs = monotonicMs();
        sent.push(next);
        sent.splice(0, Math.max(0, sent.length - capacity));
        yield next.request;
      } else await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  function dropProgress(migrationId: string): void {
    const index = queue.findIndex(
      ({ request: { body } }) =>
        body?.$case === 'signal' && isProgress(body.value) && body.value.migrationId === migrationId,
    );
    if (index >= 0) queue.splice(index, 1);
  }
}

function isProgress(signal: HandoverSignal): boolean {
  return signal.body?.$case === 'progress';
}

function isProgressMessage({ body }: ConnectRequest): boolean {
  return body?.$case === 'signal' && isProgress(body.value);
}
