/**
 * The values of a source, asked for before they are wanted: while one is being sent, the next is being read.
 * Holds at most `count` values. Ends the source when its reader stops.
 */
export async function* readAhead<T>(source: AsyncGenerator<T>, count: number): AsyncGenerator<T> {
  const asked: Promise<IteratorResult<T>>[] = [];
  try {
    for (;;) {
      while (asked.length < count) {
        const next = source.next();
        // Whoever takes it hears of its failure; until then it is nobody's unhandled one.
        next.catch(() => undefined);
        asked.push(next);
      }
      const result = await asked.shift();
      if (result === undefined || result.done === true) return;
      yield result.value;
    }
  } finally {
    await source.return(undefined);
  }
}
