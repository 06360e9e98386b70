import { parseDuration } from '../durations.ts';
import { badFlag } from './bad-flag.ts';

const powers = ['', 'k', 'm', 'g', 't', 'p'];

/** Reads a size as Docker writes it, e.g. `512m`, `1.5GiB`, `1024`. Units are powers of 1024. Returns bytes. */
export function size(flag: string, text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?(?:([kmgtp]?)(?:i?b)?)$/i.exec(text) ?? [];
  if (number === undefined) throw badFlag(flag, text, 'write a size such as 256m or 1g');
  return Math.floor(Number(number) * 1024 ** powers.indexOf((unit ?? '').toLowerCase()));
}

/** Like `size`, and -1 for unlimited. */
export function sizeOrUnlimited(flag: string, text: string): number {
  return text === '-1' ? -1 : size(flag, text);
}

/** Reads a whole number within a range. */
export function whole(flag: string, text: string, range: { min: number; max: number }): number {
  const value = Number(text);
  if (/^-?\d+$/.test(text) && value >= range.min && value <= range.max) return value;
  throw badFlag(flag, text, `write a whole number from ${range.min} to ${range.max}`);
}

/** Reads a number of CPUs such as 1.5. Returns billionths of a CPU. */
export function nanoCpus(text: string): number {
  const value = Number(text);
  if (!/^\d*\.?\d+$/.test(text) || value <= 0) throw badFlag('cpus', text, 'write a number of CPUs such as 0.5');
  return Math.round(value * 1e9);
}

/** Reads a duration. Returns nanoseconds; Docker takes none below 1 ms. */
export function nanoseconds(text: string): number {
  return text === '0' || text === '0s' ? 0 : parseDuration(text) * 1e6;
}
