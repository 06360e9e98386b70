import type { AbstractLevel } from 'abstract-level';
import { z } from 'zod';
import { DroverError } from '../../proto/index.ts';
import type { StoreEntry } from './port.ts';

export type Level = AbstractLevel<string | Buffer | Uint8Array, string, string>;

/** Where each kind of record lives in the one key space of LevelDB. */
export const places = { entry: 'k!', lease: 'l!', revision: 'm!revision', format: 'm!format' } as const;

/** The layout described here. A store of another format is refused, not guessed at. */
export const currentFormat = '1';

const revision = z.number().int().positive();
const entrySchema = z.object({
  value: z.string(),
  createRevision: revision,
  modRevision: revision,
  version: z.number().int().positive(),
  leaseId: z.string().exactOptional(),
});
const leaseSchema = z.object({
  ttlMs: z.number().positive(),
  /** Wall clock, milliseconds since 1970: what is left of the lease must survive a restart. */
  deadline: z.number(),
});
export type LeaseRecord = z.infer<typeof leaseSchema>;

export function encodeEntry({ key: _, ...rest }: StoreEntry): string {
  return JSON.stringify(rest);
}

export async function readEntry(level: Level, key: string): Promise<StoreEntry | undefined> {
  const text = await level.get(places.entry + key);
  return text === undefined ? undefined : { key, ...decode(entrySchema, text, key) };
}

export async function readEntries(level: Level, prefix: string): Promise<StoreEntry[]> {
  const pairs = await withPrefix(level, places.entry + prefix);
  return pairs.map(([place, text]) => {
    const key = place.slice(places.entry.length);
    return { key, ...decode(entrySchema, text, key) };
  });
}

export async function readLeases(level: Level): Promise<[id: string, lease: LeaseRecord][]> {
  const pairs = await withPrefix(level, places.lease);
  return pairs.map(([place, text]) => [place.slice(places.lease.length), decode(leaseSchema, text, place)]);
}

/** The store's revision; 0 in a new store. */
export async function readRevision(level: Level): Promise<number> {
  const text = await level.get(places.revision);
  return text === undefined ? 0 : decode(revision, text, places.revision);
}

// Stops at the first key without the prefix: no upper bound can be written that holds for every UTF-8 key.
async function withPrefix(level: Level, prefix: string): Promise<[string, string][]> {
  const pairs: [string, string][] = [];
  for await (const [place, text] of level.iterator({ gte: prefix })) {
    if (!place.startsWith(prefix)) break;
    pairs.push([place, text]);
  }
  return pairs;
}

function decode<T>(schema: z.ZodType<T>, text: string, key: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DroverError('STORE_CORRUPT', `The store's record "${key}" is damaged; restore the store from a copy.`, {
      details: { key },
      cause,
    });
  }
}
