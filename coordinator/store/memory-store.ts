import { MemoryLevel } from 'memory-level';
import { openStoreOver, type StoreOptions } from './level-store.ts';
import type { Store } from './port.ts';

/** A store that forgets everything when it closes, for tests and simulations. */
export function openMemoryStore(options: StoreOptions = {}): Promise<Store> {
  return openStoreOver(new MemoryLevel<string, string>(), options);
}
