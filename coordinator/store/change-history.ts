import { EventEmitter, once } from 'node:events';
import { DroverError } from '../../proto/index.ts';
import type { StoreChange, WatchOptions } from './port.ts';

/** The latest changes, which all watchers read at their own pace. */
export interface ChangeHistory {
  append(changes: readonly StoreChange[]): void;
  watch(prefix: string, options: WatchOptions): AsyncIterable<StoreChange>;
  /** Ends every watch. */
  close(): void;
}

/**
 * INVARIANTS: `changes` is sorted by revision and holds everything after `forgotten`. Watchers hold no queue of their
 * own, only the revision that they want next, so that a slow one costs no memory; it fails once that is forgotten.
 */
export function changeHistory(options: { revision: number; limit: number }): ChangeHistory {
  const changes: StoreChange[] = [];
  const news = new EventEmitter().setMaxListeners(0);
  const closed = new AbortController();
  let forgotten = options.revision;
  let latest = options.revision;

  return {
    append(added) {
      changes.push(...added);
      latest = added.at(-1)?.revision ?? latest;
      forget();
      news.emit('appended');
    },

    // Not a generator itself: the watch starts when it is asked for, not when it is first read.
    watch(prefix, { signal, fromRevision }) {
      return read(prefix, fromRevision ?? latest + 1, AbortSignal.any([signal, closed.signal]));
    },

    close: () => closed.abort(),
  };

  async function* read(prefix: string, from: number, signal: AbortSignal): AsyncGenerator<StoreChange> {
    let next = from;
    while (!signal.aborted) {
      refuseForgotten(next);
      const through = latest;
      for (const change of changes.slice(firstAt(next))) {
        if (signal.aborted) return;
        if (change.entry.key.startsWith(prefix)) yield change;
      }
      next = Math.max(next, through + 1);
      if (latest < next) await appendedOrAborted(signal);
    }
  }

  // Forgets whole revisions only: half a transaction must never look like a whole one.
  function forget(): void {
    const surplus = changes.length - options.limit;
    if (surplus <= 0) return;
    forgotten = changes[surplus - 1]?.revision ?? forgotten;
    changes.splice(0, firstAt(forgotten + 1));
  }

  function firstAt(revision: number): number {
    const index = changes.findIndex((change) => change.revision >= revision);
    return index === -1 ? changes.length : index;
  }

  function refuseForgotten(next: number): void {
    if (next > forgotten) return;
    throw new DroverError(
      'REVISION_COMPACTED',
      `The store no longer remembers revision ${next}; read the current state and watch from revision ${latest + 1}.`,
      { details: { wanted: String(next), oldest: String(forgotten + 1), latest: String(latest) } },
    );
  }

  async function appendedOrAborted(signal: AbortSignal): Promise<void> {
    await once(news, 'appended', { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
