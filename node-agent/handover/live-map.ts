/** A map that can be waited for to become empty. */
export class LiveMap<V> extends Map<string, V> {
  private readonly waiting = new Set<() => void>();

  override delete(key: string): boolean {
    const deleted = super.delete(key);
    if (this.size === 0) {
      for (const wake of this.waiting) wake();
      this.waiting.clear();
    }
    return deleted;
  }

  /** Resolves as soon as the map is empty, at once when it is. */
  whenEmpty(): Promise<void> {
    return this.size === 0 ? Promise.resolve() : new Promise((resolve) => this.waiting.add(resolve));
  }
}
