import { DroverError, fromFailure, type HandoverSignal, isTimeout } from '../../proto/index.ts';

type Body = NonNullable<HandoverSignal['body']>;
type News = Exclude<Body, { readonly $case: 'progress' | 'failed' }>;
type NewsOf<C extends News['$case']> = { [N in News as N['$case']]: N['value'] }[C];

/**
 * The signals of one migration's target, kept so that news that comes before anyone waits for it is not lost.
 * A failure reaches every present and later wait.
 */
export class HandoverMailbox {
  private readonly arrived = new Map<string, Body>();
  private readonly waiting = new Set<() => void>();
  private readonly onProgress: (bytes: number) => void;

  constructor(onProgress: (bytes: number) => void) {
    this.onProgress = onProgress;
  }

  deliver(body: Body): void {
    if (body.$case === 'progress') {
      this.onProgress(body.value.bytesReceived);
      return;
    }
    this.arrived.set(body.$case, body);
    for (const look of [...this.waiting]) look();
  }

  /** Resolves when the news has come. Throws the target's own failure, or the signal's reason. */
  next<C extends News['$case']>(wanted: C, signal: AbortSignal): Promise<NewsOf<C>> {
    return new Promise<NewsOf<C>>((resolve, reject) => {
      const look = () => {
        const news = this.arrived.get(wanted);
        const failed = this.arrived.get('failed');
        if (news !== undefined) settle(() => resolve(news.value as NewsOf<C>));
        else if (failed?.$case === 'failed') settle(() => reject(fromFailure(failed.value)));
      };
      const abort = () => settle(() => reject(asDroverError(signal.reason)));
      const settle = (how: () => void) => {
        this.waiting.delete(look);
        signal.removeEventListener('abort', abort);
        how();
      };
      this.waiting.add(look);
      signal.addEventListener('abort', abort, { once: true });
      look();
      if (signal.aborted) abort();
    });
  }

  /** Throws the failure that the target has told of already, if any: before a step that would only have to be undone. */
  throwIfFailed(): void {
    const failed = this.arrived.get('failed');
    if (failed?.$case === 'failed') throw fromFailure(failed.value);
  }

  /** Rejects as soon as the target says that it failed; never resolves. For steps that wait for someone else. */
  async failure(signal: AbortSignal): Promise<never> {
    // A "restored" cannot come while another step runs, so this wait ends only by failure or abort.
    await this.next('restored', signal);
    return new Promise<never>(() => undefined);
  }
}

function asDroverError(reason: unknown): unknown {
  return isTimeout(reason) ? new DroverError('TIMEOUT', 'The other node did not answer in time.') : reason;
}
