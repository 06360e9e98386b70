// Not `AbortSignal.any` over `AbortSignal.timeout`: in Node.js 20 the garbage collector takes such a timeout away, and
// it never fires.

/** A signal that aborts with another one, or after so many milliseconds. Its timer ends when either has happened. */
export function deadline(ms: number, signal: AbortSignal): AbortSignal {
  return startDeadline(ms, signal).signal;
}

/** Does some work with a deadline that ends with it. */
export async function withDeadline<T>(
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const started = startDeadline(ms, signal);
  try {
    return await work(started.signal);
  } finally {
    started.end();
  }
}

function startDeadline(ms: number, signal: AbortSignal) {
  const controller = new AbortController();
  const timer = setTimeout(() => end(new DOMException(`took longer than ${ms} ms`, 'TimeoutError')), ms);
  // As with AbortSignal.timeout, a deadline alone keeps no process alive.
  timer.unref();
  const follow = () => end(signal.reason);
  signal.addEventListener('abort', follow, { once: true });
  if (signal.aborted) follow();
  return { signal: controller.signal, end };

  function end(reason?: unknown): void {
    clearTimeout(timer);
    signal.removeEventListener('abort', follow);
    controller.abort(reason);
  }
}
