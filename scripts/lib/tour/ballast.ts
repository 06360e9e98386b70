import { setTimeout } from 'node:timers/promises';
import { request } from 'undici';
import { z } from 'zod';
import { withDeadline } from '../../../proto/index.ts';

const answerSchema = z.object({ sum: z.string() });

/** What is wrong with the ballast of an fn-node, if anything: its hash is computed anew and compared with the first. */
export function ballastProblem(url: string, signal: AbortSignal): Promise<string | undefined> {
  return withDeadline(30_000, signal, async (patience) => {
    const [then, now] = [await sumAt(`${url}/`, patience), await sumAt(`${url}/sum`, patience)];
    return then === now ? undefined : `the ballast has changed: its hash was ${then} and is ${now}`;
  });
}

async function sumAt(url: string, signal: AbortSignal): Promise<string> {
  const { body } = await request(url, { signal });
  return answerSchema.parse(await body.json()).sum;
}

/** Waits until something answers at a URL. Rejects after a minute. */
export function untilAnswered(url: string, signal: AbortSignal): Promise<void> {
  return withDeadline(60_000, signal, async (patience) => {
    while (!(await answers(url, patience))) await setTimeout(50, undefined, { signal: patience });
  });
}

async function answers(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { statusCode, body } = await request(url, { signal });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}
