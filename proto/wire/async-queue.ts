/** A bounded queue with one reader: producers never wait, the reader does. */
export interface AsyncQueue<T> extends AsyncIterable<T> {
  /** False when the queue is full or closed; the value is then not taken. */
  push(value: T): boolean;
  /** What is queued is still read, then the reader ends. */
  close(): void;
  /** The reader throws at once; what is queued is dropped. */
  fail(error: Error): void;
  readonly size: number;
}

/** Makes a queue that holds at most `capacity` values. */
export function asyncQueue<T>(capacity: number): AsyncQueue<T> {
  const values: T[] = [];
  let failure: Error | undefined;
  let closed = false;
  let wake: () => void = () => undefined;

  async function* read(): AsyncGenerator<T> {
    for (;;) {
      if (failure) throw failure;
      const [value] = values.splice(0, 1);
      if (value !== undefined) yield value;
      else if (closed) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  return {
    push(value) {
      if (closed || failure || values.length >= capacity) return false;
      values.push(value);
      wake();
      return true;
    },
    close() {
      closed = true;
      wake();
    },
    fail(error) {
      if (closed) return;
      failure ??= error;
      values.length = 0;
      wake();
    },
    get size() {
      return values.length;
    },
    [Symbol.asyncIterator]: read,
  };
}
