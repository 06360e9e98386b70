import type { Migration } from '../../proto/index.ts';

export interface StartRequest {
  readonly workload: string;
  /** Absent: the policy chooses. */
  readonly to?: string;
  readonly strategy: string;
  /** For the whole migration; absent for the coordinator's default. */
  readonly timeoutMs?: number;
  readonly dryRun: boolean;
}

/** What the rest of the coordinator may ask of migrations. */
export interface Migrations {
  start(request: StartRequest): Promise<Migration>;
  /** Rejects MIGRATION_NOT_FOUND. */
  get(id: string): Promise<Migration>;
  /** Newest first. */
  list(filter: { readonly workload?: string; readonly limit: number }): Promise<Migration[]>;
  /** The migration now and at each change; ends when it is final. */
  watch(id: string, signal: AbortSignal): AsyncIterable<Migration>;
  cancel(id: string): Promise<Migration>;
  /** Takes up what an earlier coordinator process left open. */
  resumeOpen(): Promise<void>;
  /** No new ones; open ones get `graceMs` to reach a point at which they can be left. */
  stop(graceMs: number): Promise<void>;
}
