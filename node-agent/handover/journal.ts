import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DroverError, writePrivateFile } from '../../proto/index.ts';
import { restartPolicySchema } from '../docker/create-body.ts';

const common = {
  migrationId: z.string().regex(/^[a-z0-9-]{1,64}$/),
  workload: z.string(),
  epoch: z.number().int().positive(),
  containerId: z.string(),
  restartPolicy: restartPolicySchema,
};

const entrySchema = z.discriminatedUnion('role', [
  z.object({
    ...common,
    role: z.literal('source'),
    /** Pid of the container's init, whose cgroup is frozen. */
    pid: z.number().int().positive(),
    /** Set once the verdict is known, so that a restarted agent carries it out. */
    verdict: z.enum(['release', 'thaw']).optional(),
  }),
  z.object({
    ...common,
    role: z.literal('target'),
    verdict: z.enum(['run', 'discard']).optional(),
  }),
]);

/** One half of a migration that this node has begun and not settled. */
export type JournalEntry = z.infer<typeof entrySchema>;
export type SourceEntry = Extract<JournalEntry, { role: 'source' }>;
export type TargetEntry = Extract<JournalEntry, { role: 'target' }>;

/**
 * The agent's own memory of hand-overs, one file each, so that an agent that restarts knows what it holds.
 *
 * INVARIANTS: an entry is durable before the effect that it announces, and is removed only after everything that it
 * stands for is gone from the node.
 */
export class HandoverJournal {
  private readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  async write(entry: JournalEntry): Promise<void> {
    await writePrivateFile(this.pathOf(entry.migrationId), JSON.stringify(entry));
  }

  async read(migrationId: string): Promise<JournalEntry | undefined> {
    const text = await readFile(this.pathOf(migrationId), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    return text === undefined ? undefined : this.parse(migrationId, text);
  }

  async list(): Promise<JournalEntry[]> {
    const names = await readdir(this.directory).catch(() => []);
    const entries: JournalEntry[] = [];
    for (const name of names.filter((candidate) => candidate.endsWith('.json'))) {
      const entry = await this.read(name.slice(0, -'.json'.length));
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  async remove(migrationId: string): Promise<void> {
    await rm(this.pathOf(migrationId), { force: true });
  }

  private pathOf(migrationId: string): string {
    if (!/^[a-z0-9-]{1,64}$/.test(migrationId)) {
      throw new DroverError('INVALID_ARGUMENT', `Not a migration id: ${JSON.stringify(migrationId)}.`);
    }
    return join(this.directory, `${migrationId}.json`);
  }

  private parse(migrationId: string, text: string): JournalEntry {
    try {
      return entrySchema.parse(JSON.parse(text));
    } catch (error) {
      throw new DroverError(
        'INTERNAL',
        `The journal of migration ${migrationId} cannot be read; look at ${this.pathOf(migrationId)} before you remove it.`,
        { cause: error },
      );
    }
  }
}
