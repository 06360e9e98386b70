import { DroverError } from '../../proto/index.ts';

interface Turn {
  readonly abort: AbortController;
  readonly ended: Promise<unknown>;
}

/**
 * One order at a time per migration, in the order in which they came. An order that calls the migration off first ends
 * those before it, so that it never works beside them and never waits long for them.
 *
 * INVARIANT: once an order of a migration has begun, no other one of the same migration begins before it has ended.
 */
export class Turns {
  private readonly turns = new Map<string, Turn[]>();

  /** Runs an order in its turn. `urgent` aborts the signals of those before it; they still end in their own time. */
  async run<T>(
    migrationId: string,
    order: (signal: AbortSignal) => Promise<T>,
    options: { signal?: AbortSignal; urgent?: boolean } = {},
  ): Promise<T> {
    const before = this.turns.get(migrationId) ?? [];
    if (options.urgent) for (const turn of before) turn.abort.abort(calledOff());
    const abort = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, abort.signal]) : abort.signal;
    const result = Promise.allSettled(before.map(({ ended }) => ended)).then(() => {
      signal.throwIfAborted();
      return order(signal);
    });
    const turn: Turn = { abort, ended: result.catch(() => undefined) };
    this.turns.set(migrationId, [...before, turn]);
    try {
      return await result;
    } finally {
      const left = (this.turns.get(migrationId) ?? []).filter((other) => other !== turn);
      if (left.length > 0) this.turns.set(migrationId, left);
      else this.turns.delete(migrationId);
    }
  }
}

function calledOff(): DroverError {
  return new DroverError('CANCELLED', 'The migration was called off.');
}
