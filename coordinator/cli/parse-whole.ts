import { DroverError } from '../../proto/index.ts';

/** Reads a whole number from 0 to 4294967295, which is what the wire holds. Throws BAD_USAGE for anything else. */
export function parseWhole(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 0xffff_ffff) return value;
  throw new DroverError('BAD_USAGE', `"${text}" is not a whole number.`);
}
