import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { z } from 'zod';
import { DroverError, isValidName } from '../proto/index.ts';

const ms = (fallback: number, description: string) =>
  z
    .int()
    .min(1)
    .max(24 * 3600 * 1000)
    .default(fallback)
    .describe(description);

/** Every time limit of an agent, in milliseconds. */
export const timeoutsSchema = z.strictObject({
  dockerCallMs: ms(10_000, 'calls to Docker that should answer at once, e.g. inspect'),
  dockerWorkMs: ms(60_000, 'calls to Docker that do work, e.g. create and remove'),
  freezeMs: ms(10_000, 'until every task of a container stands still'),
  dumpMs: ms(120_000, 'until CRIU has written the memory of a container'),
  shimMs: ms(30_000, 'from `docker start` until the shim waits for the checkpoint'),
  restoreMs: ms(60_000, 'until CRIU has made the tasks again, once the checkpoint is complete'),
  waitForCheckpointMs: ms(600_000, 'how long the shim and the fetch wait for a checkpoint in all'),
  settleMs: ms(60_000, 'until a verdict that was spoken is carried out'),
  reconnectMaxMs: ms(10_000, 'longest pause between two attempts to reach the coordinator'),
  shutdownMs: ms(5_000, 'what commands under way get when the agent stops'),
});
export type Timeouts = z.infer<typeof timeoutsSchema>;

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const address = (fallbackHost: string) =>
  z
    .string('must be given, as HOST:PORT')
    .regex(/^([^:\s]+|\[[0-9a-fA-F:]+\]):\d{1,5}$/, `must be HOST:PORT, e.g. ${fallbackHost}`);
const directory = z.string().startsWith('/', 'must be an absolute path');

/** All that an agent can be told, by flags or by its configuration file (JSON, the same names). */
export const agentOptionsSchema = z.strictObject({
  coordinator: address('10.0.0.1:7400').describe('where the coordinator listens'),
  token: z.string().min(1).optional().describe('join token, needed once'),
  name: z
    .string()
    .refine(isValidName, 'must be 2 to 63 characters of a-z, 0-9 and "-"')
    .describe('name of this node; defaults to the host name'),
  dataDir: directory.default('/var/lib/drover/agent').describe('identity, ledger, journal and checkpoints'),
  memoryCgroup: directory.optional().describe('memory cgroup that is the node, instead of the whole machine'),
  listen: address('0.0.0.0:7401').default('0.0.0.0:7401').describe('where other agents fetch checkpoints'),
  advertise: address('10.0.0.2:7401')
    .optional()
    .describe('where other agents reach that; defaults to the address that reaches the coordinator'),
  dockerSocket: directory.default('/var/run/docker.sock').describe("Docker's unix socket"),
  logLevel: z.enum(logLevels).default('info').describe('least level of the log'),
  timeouts: timeoutsSchema.prefault({}),
});
export type AgentOptions = z.infer<typeof agentOptionsSchema>;

/** What the command line gives; what is undefined was not said. */
export type AgentFlags = Readonly<Record<string, string | undefined>>;

/**
 * The options of an agent: flags over the configuration file over defaults. Rejects BAD_USAGE with the place of the
 * mistake.
 */
export async function loadAgentOptions(flags: AgentFlags, file?: string): Promise<AgentOptions> {
  const fromFile = file === undefined ? {} : await readJson(file);
  if (typeof fromFile !== 'object' || fromFile === null) throw unusable(`The file ${file} must hold a JSON object.`);
  const said = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const parsed = agentOptionsSchema.safeParse({ name: ownName(), ...fromFile, ...said });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unusable(`The option ${issue?.path.join('.') || 'file'} cannot be used: ${issue?.message}.`, parsed.error);
}

// `Edge-1.example.org` is edge-1.
function ownName(): string {
  return (hostname().split('.')[0] ?? '').toLowerCase();
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw unusable(`The configuration file ${file} cannot be read as JSON: ${(cause as Error).message}.`, cause);
  }
}

function unusable(message: string, cause?: unknown): DroverError {
  return new DroverError('BAD_USAGE', message, { cause });
}
