import type { ExecutionContext } from 'ava';
import { type CliAnswer, drover } from './cluster.ts';

/** How a wrong use is to be answered. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  /** What the sentence has to name. */
  readonly says: RegExp;
}

type Run = (...args: string[]) => Promise<CliAnswer>;

/** Asserts that a command line is refused, with the same sentence for people and for programs, and the exit status. */
export async function refused(
  t: ExecutionContext,
  args: readonly string[],
  { status, code, says }: Refusal,
  run: Run = drover,
): Promise<void> {
  const [human, json] = await Promise.all([run(...args), run('-o', 'json', ...args)]);
  const what = `drover ${args.join(' ')}`;
  t.deepEqual([human.status, json.status], [status, status], `${what}: ${human.stderr}`);
  t.deepEqual([human.stdout, json.stdout], ['', ''], what);
  const { error, ...rest } = JSON.parse(json.stderr) as { error: { code: string; message: string; details: object } };
  t.is(error.code, code, what);
  t.regex(error.message, says, what);
  t.regex(error.message, /^\S[^\n]*[.?)]$/, `${what}: one sentence`);
  t.is(typeof error.details, 'object');
  t.deepEqual([Object.keys(error), rest], [['code', 'message', 'details'], {}], what);
  t.is(human.stderr, `error: ${error.message} (${code})\n`, what);
}
