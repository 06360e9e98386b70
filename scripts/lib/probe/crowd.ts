/** One of many requests that wait for the same workload. */
export interface Waiter {
  /** Somebody was answered there. */
  readonly goTo: (url: string) => void;
}

/**
 * Requests that wait together. Only the one that has waited longest looks around, and tells the others where it was
 * answered: a hundred that all looked around would take the processors from what they wait for.
 */
export class Crowd {
  // In the order in which they came.
  private readonly waiting = new Set<Waiter>();

  join(waiter: Waiter): void {
    this.waiting.add(waiter);
  }

  leave(waiter: Waiter): void {
    this.waiting.delete(waiter);
  }

  isScout(waiter: Waiter): boolean {
    const [oldest] = this.waiting;
    return oldest === waiter;
  }

  found(url: string): void {
    for (const waiter of [...this.waiting]) waiter.goTo(url);
  }
}
