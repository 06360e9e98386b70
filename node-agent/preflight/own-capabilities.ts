import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const sysResource = 24n;

/**
 * Whether this process may read the resource limits of other users' processes (CAP_SYS_RESOURCE), which CRIU has to.
 * Root has it everywhere but in some containers and sandboxes.
 */
export async function mayReadForeignLimits(procDir = '/proc'): Promise<boolean> {
  const status = await readFile(join(procDir, 'self', 'status'), 'utf8');
  const effective = /^CapEff:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> sysResource) & 1n) === 1n;
}
