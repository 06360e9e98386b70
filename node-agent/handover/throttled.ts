/** Passes a value on at most once per interval. What is swallowed is lost: for progress, not for results. */
export function throttled<T>(intervalMs: number, pass: (value: T) => void): (value: T) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (value) => {
    const now = performance.now();
    if (now - last < intervalMs) return;
    last = now;
    pass(value);
  };
}
