import { DroverError } from '../../proto/index.ts';
import type { Comparison, StoreChange, StoreEntry, StoreOp } from './port.ts';

/** Whether an entry, or its absence, meets a condition. */
export function holds(condition: Comparison, entry: StoreEntry | undefined): boolean {
  if (condition.target === 'value') return entry?.value === condition.equals;
  return (entry?.[condition.target] ?? 0) === condition.equals;
}

/** The keys that operations write. Throws INVALID_ARGUMENT when one is written twice: which should win is not said. */
export function keysOf(operations: readonly StoreOp[]): string[] {
  const keys = operations.map((operation) => ('put' in operation ? operation.put : operation.delete));
  if (new Set(keys).size !== keys.length) {
    throw new DroverError('INVALID_ARGUMENT', 'A transaction may write each key only once.');
  }
  return keys;
}

/** What an operation changes at a revision; nothing when it deletes what is absent. */
export function changeOf(operation: StoreOp, before: StoreEntry | undefined, revision: number): StoreChange[] {
  if ('delete' in operation) return before === undefined ? [] : [{ type: 'delete', entry: before, revision }];
  const entry: StoreEntry = {
    key: operation.put,
    value: operation.value,
    createRevision: before?.createRevision ?? revision,
    modRevision: revision,
    version: (before?.version ?? 0) + 1,
    ...(operation.leaseId === undefined ? {} : { leaseId: operation.leaseId }),
  };
  return [{ type: 'put', entry, revision }];
}
