/** Middle and bounds of a series. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Of an even number of values the median is the mean of the middle two. Throws RangeError for no values at all. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (min === undefined || max === undefined || low === undefined || high === undefined)
    throw new RangeError('there is no median of nothing');
  return { median: tenths((low + high) / 2), min: tenths(min), max: tenths(max) };
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
