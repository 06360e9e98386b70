import type { ZodType } from 'zod';
import { DroverError } from '../../proto/index.ts';
import type { Store, StoreEntry, Transaction } from './port.ts';

// Conflicts are rare; more than this many in a row means that something is wrong, not busy.
const updateAttempts = 20;

export interface StoredRecord<T> {
  readonly id: string;
  readonly value: T;
  /** Changes with every write of this record; `replace` wants it back. */
  readonly revision: number;
}

/** Typed JSON records under one prefix of the store. What is read back is validated: STORE_CORRUPT names a bad record. */
export interface Collection<T> {
  get(id: string): Promise<StoredRecord<T> | undefined>;
  /** Every record, sorted by id. */
  list(): Promise<readonly StoredRecord<T>[]>;
  /** Rejects with STORE_CONFLICT when the record exists. */
  create(id: string, value: T): Promise<void>;
  /** Writes it whether it exists or not. */
  put(id: string, value: T): Promise<void>;
  /** Writes it only if it is still at this revision, else rejects with STORE_CONFLICT. Resolves to the new revision. */
  replace(id: string, value: T, revision: number): Promise<number>;
  /** Reads, changes and replaces; calls `change` again when someone else was faster. Rejects with RECORD_NOT_FOUND. */
  update(id: string, change: (value: T) => T): Promise<T>;
  /** Deleting what is absent is fine. */
  delete(id: string): Promise<void>;
}

/** A collection of records. `prefix` ends in "/", so that no collection lies within another by accident. */
export function collection<T>(store: Store, prefix: string, schema: ZodType<T>): Collection<T> {
  return {
    get,
    list: async () => (await store.range(prefix)).map(decode),
    create: async (id, value) => void (await transactOrConflict(id, putAt(id, value, 0))),
    put: async (id, value) => void (await store.transact({ then: [{ put: keyOf(id), value: encode(value) }] })),
    replace: (id, value, revision) => transactOrConflict(id, putAt(id, value, revision)),
    delete: async (id) => void (await store.transact({ then: [{ delete: keyOf(id) }] })),

    async update(id, change) {
      for (let attempt = 0; attempt < updateAttempts; attempt += 1) {
        const current = await get(id);
        if (current === undefined) throw notFound(keyOf(id));
        const value = change(current.value);
        if ((await store.transact(putAt(id, value, current.revision))).succeeded) return value;
      }
      throw conflict(keyOf(id));
    },
  };

  async function get(id: string): Promise<StoredRecord<T> | undefined> {
    const entry = await store.get(keyOf(id));
    return entry === undefined ? undefined : decode(entry);
  }

  function putAt(id: string, value: T, revision: number): Transaction {
    const key = keyOf(id);
    return { when: [{ key, target: 'modRevision', equals: revision }], then: [{ put: key, value: encode(value) }] };
  }

  async function transactOrConflict(id: string, transaction: Transaction): Promise<number> {
    const { succeeded, revision } = await store.transact(transaction);
    if (!succeeded) throw conflict(keyOf(id));
    return revision;
  }

  function decode({ key, value, modRevision }: StoreEntry): StoredRecord<T> {
    return { id: key.slice(prefix.length), value: parseRecord(schema, key, value), revision: modRevision };
  }

  function keyOf(id: string): string {
    if (id === '') throw new DroverError('INVALID_ARGUMENT', `A record under "${prefix}" needs an id.`);
    return prefix + id;
  }
}

function encode(value: unknown): string {
  return JSON.stringify(value);
}

function parseRecord<T>(schema: ZodType<T>, key: string, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DroverError(
      'STORE_CORRUPT',
      `The store's record "${key}" is not what it should be; restore the store from a copy, or delete this record.`,
      { details: { key }, cause },
    );
  }
}

function conflict(key: string): DroverError {
  return new DroverError('STORE_CONFLICT', `"${key}" was changed by someone else at the same time; try again.`, {
    details: { key },
  });
}

function notFound(key: string): DroverError {
  return new DroverError('RECORD_NOT_FOUND', `There is no "${key}" in the store.`, { details: { key } });
}
