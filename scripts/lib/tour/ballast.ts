import { setTimeout } from 'node:timers/promises';
import { request } from 'undici';
import { z } from 'zod';
import { deadline } from '../deadline.ts';

const answerSchema = z.object({ sum: z.string() });

/** What is wrong with the ballast of an fn-node, if anything: its hash is computed anew and compared with the first. */
export async function ballastProblem(url: string, signal: AbortSignal): Promise<string | undefined> {
  const [then, now] = [await sumAt(`${url}/`, signal), await sumAt(`${url}/sum`, signal)];
  return then === now ? undefined : `the ballast has changed: its hash was ${then} and is ${now}`;
}

async function sumAt(url: string, signal: AbortSignal): Promise<string> {
  const { body } = await request(url, { signal: deadline(30_000, signal) });
  return answerSchema.parse(await body.json()).sum;
}

/** Waits until something answers at a URL. Rejects after a minute. */
export async function untilAnswered(url: string, signal: AbortSignal): Promise<void> {
  const patience = deadline(60_000, signal);
  for (;;) {
    try {
      const { statusCode, body } = await request(url, { signal: patience });
      await body.dump();
      if (statusCode === 200) return;
    } catch {
      patience.throwIfAborted();
    }
    await setTimeout(50, undefined, { signal: patience });
  }
}
