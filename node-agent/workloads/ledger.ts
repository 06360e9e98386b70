import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { DroverError } from '../../proto/index.ts';

/** A workload that this node runs. */
export interface LedgerEntry {
  readonly workload: string;
  readonly containerId: string;
  readonly epoch: number;
}

/** What this node knows for sure of its workloads, kept over crashes. Writes are durable before they resolve. */
export interface Ledger {
  get(workload: string): LedgerEntry | undefined;
  list(): readonly LedgerEntry[];
  /** The workload of a container, undefined when Drover does not manage it. */
  ofContainer(containerId: string): LedgerEntry | undefined;
  /** The highest epoch ever recorded here for a workload, 0 when there was none. Outlives `forget`. */
  highestEpoch(workload: string): number;
  /** Rejects STALE_EPOCH when a higher epoch was recorded before. Repeating a record does no harm. */
  record(workload: string, entry: { readonly containerId: string; readonly epoch: number }): Promise<void>;
  /** Takes the workload off this node; its epoch is remembered, so that a late order cannot bring it back. */
  forget(workload: string): Promise<void>;
}

const schema = z.strictObject({
  version: z.literal(1),
  workloads: z.record(z.string(), z.strictObject({ containerId: z.string().min(1), epoch: z.int().nonnegative() })),
  // Highest epoch seen of every workload that was ever here.
  epochs: z.record(z.string(), z.int().nonnegative()),
});

type Content = z.infer<typeof schema>;

/**
 * Opens the ledger in a directory, which is made when absent. Rejects INTERNAL when the file is there but cannot be
 * understood: a ledger that were taken for empty would let a stale copy of a workload run.
 *
 * INVARIANTS: the file holds a complete ledger at any moment (written beside it, synced, renamed, directory synced);
 * memory shows only what the file holds; writes happen one after another; an epoch never falls.
 */
export async function openLedger(directory: string): Promise<Ledger> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'ledger.json');
  return new FileLedger(path, await load(path));
}

class FileLedger implements Ledger {
  readonly #path: string;
  #content: Content;
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(path: string, content: Content) {
    this.#path = path;
    this.#content = content;
  }

  get(workload: string): LedgerEntry | undefined {
    const held = own(this.#content.workloads, workload);
    return held && { workload, ...held };
  }

  list(): readonly LedgerEntry[] {
    return Object.entries(this.#content.workloads).map(([workload, held]) => ({ workload, ...held }));
  }

  ofContainer(containerId: string): LedgerEntry | undefined {
    return this.list().find((entry) => entry.containerId === containerId);
  }

  highestEpoch(workload: string): number {
    return own(this.#content.epochs, workload) ?? 0;
  }

  record(workload: string, { containerId, epoch }: { containerId: string; epoch: number }): Promise<void> {
    return this.#change((content) => {
      const highest = own(content.epochs, workload) ?? 0;
      if (epoch < highest) throw staleEpoch(workload, epoch, highest);
      return {
        ...content,
        workloads: { ...content.workloads, [workload]: { containerId, epoch } },
        epochs: { ...content.epochs, [workload]: epoch },
      };
    });
  }

  forget(workload: string): Promise<void> {
    return this.#change((content) => {
      const { [workload]: _gone, ...workloads } = content.workloads;
      return { ...content, workloads };
    });
  }

  #change(next: (content: Content) => Content): Promise<void> {
    const change = this.#lastWrite.then(async () => {
      const content = schema.parse(next(this.#content));
      await replaceFile(this.#path, JSON.stringify(content));
      this.#content = content;
    });
    // A failed write is its caller's news; it must not stop the ones after it.
    this.#lastWrite = change.catch(() => undefined);
    return change;
  }
}

async function load(path: string): Promise<Content> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return { version: 1, workloads: {}, epochs: {} };
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const message = `The ledger ${path} is damaged or was written by a newer version: restore it from a backup, or move it away and adopt the node's workloads again.`;
    throw new DroverError('INTERNAL', message, { cause, details: { path } });
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    await file
      .writeFile(text)
      .then(() => file.sync())
      .finally(() => file.close());
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  // Only now does the new name survive a power cut.
  const directory = await open(dirname(path));
  await directory.sync().finally(() => directory.close());
}

function staleEpoch(workload: string, epoch: number, highest: number): DroverError {
  const message = `Workload ${workload} has reached epoch ${highest} on this node, so an order for epoch ${epoch} is out of date.`;
  return new DroverError('STALE_EPOCH', message, { details: { epoch: String(epoch), highest: String(highest) } });
}

// Names come from outside, and "constructor" is one, too.
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
