import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLevelStore, type StoreOptions } from '../../coordinator/store/level-store.ts';
import { openMemoryStore } from '../../coordinator/store/memory-store.ts';
import type { Store, StoreChange } from '../../coordinator/store/port.ts';

export type Open = (options?: StoreOptions) => Promise<Store>;

/** Puts one key. */
export function put(store: Store, key: string, value: string, leaseId?: string) {
  return store.transact({ then: [{ put: key, value, ...(leaseId === undefined ? {} : { leaseId }) }] });
}

/** The next changes of a watch; ends the watch. */
export async function take(changes: AsyncIterable<StoreChange>, count: number): Promise<StoreChange[]> {
  // The timers of leases do not keep a process alive, and in a test nothing else may.
  const awake = setInterval(() => undefined, 1000);
  const seen: StoreChange[] = [];
  try {
    for await (const change of changes) if (seen.push(change) === count) break;
    return seen;
  } finally {
    clearInterval(awake);
  }
}

/** Runs a body with an open store and closes it, whatever happens. */
export async function closing<T>(open: Open, body: (store: Store) => Promise<T>): Promise<T> {
  const store = await open();
  try {
    return await body(store);
  } finally {
    await store.close();
  }
}

/** A LevelDB in a directory of its own, which can be opened again and again, and is deleted at the end. */
export async function withLevelStore(body: (open: Open) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'drover-store-'));
  try {
    await body((options) => openLevelStore(join(directory, 'store'), options));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The same for a store in memory. */
export function withMemoryStore(body: (open: Open) => Promise<void>): Promise<void> {
  return body(openMemoryStore);
}
