import { DroverError } from '../../proto/index.ts';

const unitMs = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
const part = /(\d+(?:\.\d+)?)(ms|[dhms])/g;
const whole = /^(?:\d+(?:\.\d+)?(?:ms|[dhms]))+$/;

/** The longest duration that is taken: 49 days, since the wire counts milliseconds in 32 bits. */
export const longestDurationMs = 49 * unitMs.d;

/**
 * Reads a duration such as `3h`, `90s`, `1h30m` or `250ms`.
 *
 * @returns whole milliseconds, from 1 to {@link longestDurationMs}
 * @throws DroverError BAD_USAGE for anything else
 */
export function parseDuration(text: string): number {
  if (!whole.test(text)) throw bad(text, 'write a number with a unit, for example 90s, 5m, 3h or 2d');
  const ms = [...text.matchAll(part)].reduce((sum, [, count, unit]) => sum + Number(count) * msOf(unit), 0);
  const rounded = Math.round(ms);
  if (rounded < 1) throw bad(text, 'it must be at least 1ms');
  if (rounded > longestDurationMs) throw bad(text, 'it must be at most 49d');
  return rounded;
}

function msOf(unit: string | undefined): number {
  return unitMs[unit as keyof typeof unitMs];
}

function bad(text: string, why: string): DroverError {
  return new DroverError('BAD_USAGE', `"${text}" is not a duration that can be used here: ${why}.`);
}
