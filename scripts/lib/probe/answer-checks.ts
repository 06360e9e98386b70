import { z } from 'zod';

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

/** Judges the answers of one workload. */
export interface AnswerChecks {
  /** To be called when an attempt begins; returns the judge of its answer. The judge returns what is wrong with it, if anything. */
  begin(): (answer: RawAnswer) => string | undefined;
}

const answerSchema = z.object({
  n: z.number().int().positive(),
  uptime_s: z.number().nonnegative(),
  mb: z.number().optional(),
  sum: z.string().optional(),
});

/**
 * The state that must have survived, seen from outside. Requests overlap and their answers overtake each other, so an
 * answer is compared with the answers that were there before its request began:
 * its count and uptime must be higher, and no count may ever be given twice (that would be two copies of the workload,
 * or one that went back to an earlier state).
 */
export function answerChecks({ mb }: { readonly mb?: number | undefined }): AnswerChecks {
  const seen = new Set<number>();
  let highest = 0;
  let longestUptime = 0;
  let firstSum: string | undefined;

  function judge(raw: RawAnswer, countBefore: number, uptimeBefore: number): string | undefined {
    if (raw.status !== 200) return `status ${raw.status}`;
    const answer = parsed(raw.text);
    if (answer === undefined) return `not an answer: ${raw.text.slice(0, 80)}`;
    const { n, uptime_s: uptime, sum } = answer;
    const twice = seen.has(n);
    seen.add(n);
    firstSum ??= sum;
    highest = Math.max(highest, n);
    longestUptime = Math.max(longestUptime, uptime);
    if (twice) return `n = ${n} came twice`;
    if (n <= countBefore) return `n went back from ${countBefore} to ${n}`;
    if (uptime < uptimeBefore) return `uptime went back from ${uptimeBefore} s to ${uptime} s`;
    if (sum !== firstSum) return `the hash changed from ${firstSum} to ${sum}`;
    if (mb !== undefined && answer.mb !== mb) return `holds ${answer.mb} MB instead of ${mb}`;
    return undefined;
  }

  return {
    begin() {
      const [countBefore, uptimeBefore] = [highest, longestUptime];
      return (raw) => judge(raw, countBefore, uptimeBefore);
    },
  };
}

function parsed(text: string) {
  try {
    return answerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
