import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { DroverError } from '../proto/index.ts';

const ms = (fallback: number, description: string) =>
  z
    .number()
    .int()
    .min(1)
    .max(24 * 3600 * 1000)
    .default(fallback)
    .describe(description);

/** Every time limit of the coordinator, in milliseconds. */
export const timeoutsSchema = z.strictObject({
  helloMs: ms(10_000, 'how long a new connection of an agent may take to say who it is'),
  heartbeatMs: ms(5_000, 'interval at which agents report'),
  staleAfterMs: ms(15_000, 'a node that is silent for longer is down'),
  commandMs: ms(
    30_000,
    'commands that only look, note or remove: inspect, adopt, remove, open a log, check a migration',
  ),
  runMs: ms(300_000, 'starting a new container, which may have to pull its image'),
  migrationMs: ms(600_000, 'a whole migration, unless its start says otherwise'),
  prepareMs: ms(300_000, 'making everything on the target that can be made before the freeze, the image included'),
  freezeMs: ms(120_000, 'freezing the tasks and writing their memory'),
  transferMs: ms(300_000, 'from the end of the dump until the target has verified every chunk'),
  restoreMs: ms(60_000, 'making the tasks again on the target, stopped'),
  reconnectMs: ms(15_000, 'how long a frozen workload waits for a target that lost its session, before it is thawed'),
  resumeMs: ms(30_000, 'one attempt of the COMMIT at the target; it is repeated until it is answered'),
  releaseMs: ms(60_000, 'killing the frozen tasks at the source and removing the old container'),
  abortMs: ms(60_000, 'one attempt to thaw the source or to discard the half at the target'),
  shutdownMs: ms(8_000, 'what open migrations get when the coordinator stops'),
});
export type Timeouts = z.infer<typeof timeoutsSchema>;

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** The configuration file: JSON; everything has a default that works. */
export const configSchema = z.strictObject({
  logLevel: z.enum(logLevels).default('info').describe('least level of the log'),
  eventCapacity: z.number().int().min(1).max(1_000_000).default(10_000).describe('how many events are kept'),
  advertisedHost: z
    .string()
    .min(1)
    .optional()
    .describe(
      'host or address that is written into the admin context; by default the one that is served on, or 127.0.0.1',
    ),
  timeouts: timeoutsSchema.prefault({}),
});
export type Config = z.infer<typeof configSchema>;

/** Reads the configuration file; without one, the defaults. Rejects BAD_USAGE with the place of the mistake. */
export async function loadConfig(file?: string): Promise<Config> {
  if (file === undefined) return configSchema.parse({});
  const parsed = configSchema.safeParse(await readJson(file));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join('.') || 'the top level';
  throw unusable(file, `at ${place}: ${issue?.message}`, parsed.error);
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw unusable(file, error instanceof Error ? error.message : String(error), error);
  }
}

function unusable(file: string, why: string, cause: unknown): DroverError {
  return new DroverError('BAD_USAGE', `The configuration file ${file} cannot be used: ${why}.`, { cause });
}
