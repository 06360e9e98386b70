/**
 * A signal that aborts with another one, or after so many milliseconds. Not `AbortSignal.any` over
 * `AbortSignal.timeout`: in Node.js 20 the garbage collector takes such a timeout away, and it never fires.
 */
export function deadline(ms: number, signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const timer = setTimeout(() => end(new DOMException(`took longer than ${ms} ms`, 'TimeoutError')), ms);
  const follow = () => end(signal.reason);
  signal.addEventListener('abort', follow, { once: true });
  if (signal.aborted) follow();
  return controller.signal;

  function end(reason: unknown): void {
    clearTimeout(timer);
    signal.removeEventListener('abort', follow);
    controller.abort(reason);
  }
}
