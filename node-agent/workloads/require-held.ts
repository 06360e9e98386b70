import { DroverError } from '../../proto/index.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';

/** The workload's entry in this node's ledger. Throws WORKLOAD_NOT_FOUND. */
export function requireHeld(ledger: Pick<Ledger, 'get'>, workload: string): LedgerEntry {
  const entry = ledger.get(workload);
  if (entry !== undefined) return entry;
  throw new DroverError('WORKLOAD_NOT_FOUND', `This node does not hold the workload ${workload}.`, {
    details: { workload },
  });
}
