import { DroverError } from '../../../proto/index.ts';

/** The error for a flag of `drover run` with a value that makes no sense. `why` says what would. */
export function badFlag(flag: string, value: string, why: string): DroverError {
  return new DroverError('BAD_USAGE', `"${value}" makes no sense for --${flag}: ${why}.`, { details: { flag } });
}
