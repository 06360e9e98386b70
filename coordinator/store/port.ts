/** What the store holds under one key. Revisions grow with every change of the whole store, as in etcd. */
export interface StoreEntry {
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  /** 1 when created, one more with every put since. */
  readonly version: number;
  readonly leaseId?: string;
}

/** A condition of a transaction. A number of 0 means that the key is absent. */
export type Comparison =
  | { readonly key: string; readonly target: 'modRevision' | 'createRevision' | 'version'; readonly equals: number }
  | { readonly key: string; readonly target: 'value'; readonly equals: string };

export type StoreOp =
  | { readonly put: string; readonly value: string; readonly leaseId?: string }
  | { readonly delete: string };

export interface Transaction {
  /** All of them must hold for `then` to be done; otherwise `else` is. Without conditions, `then` is. */
  readonly when?: readonly Comparison[];
  readonly then: readonly StoreOp[];
  readonly else?: readonly StoreOp[];
}

export interface TransactionResult {
  readonly succeeded: boolean;
  /** Revision of the store afterwards; unchanged when nothing changed. */
  readonly revision: number;
}

/** One key's change. A deletion carries the entry as it last was. */
export interface StoreChange {
  readonly type: 'put' | 'delete';
  readonly entry: StoreEntry;
  readonly revision: number;
}

export interface WatchOptions {
  /** Ends the watch, without an error. */
  readonly signal: AbortSignal;
  /** First revision to report; without it, only changes made after the call of `watch`. */
  readonly fromRevision?: number;
}

/** The coordinator's durable state: etcd's semantics, so that etcd can stand behind it. */
export interface Store {
  get(key: string): Promise<StoreEntry | undefined>;
  /** Every entry whose key starts with the prefix, sorted by key, as of one moment. */
  range(prefix: string): Promise<readonly StoreEntry[]>;
  /**
   * Does all or nothing, one transaction after the other; durable before it resolves.
   * Rejects with LEASE_LOST when a put names a lease that is gone, INVALID_ARGUMENT when one key is written twice.
   */
  transact(transaction: Transaction): Promise<TransactionResult>;
  /**
   * Changes in order, each once, from the moment of the call on. Throws REVISION_COMPACTED when `fromRevision` is older
   * than what the store remembers, or when the reader fell that far behind: range again, then watch from there.
   */
  watch(prefix: string, options: WatchOptions): AsyncIterable<StoreChange>;
  /** A lease: its keys are deleted when nobody kept it alive for `ttlMs`. */
  grantLease(ttlMs: number): Promise<string>;
  /** Starts the lease's time anew. Rejects with LEASE_LOST when it is gone. */
  keepAlive(leaseId: string): Promise<void>;
  /** Ends the lease and deletes its keys; a lease that is gone already is fine. */
  revokeLease(leaseId: string): Promise<void>;
  /** Ends every watch and lets go of the files. Leases go on from the time they have left when the store opens again. */
  close(): Promise<void>;
}
