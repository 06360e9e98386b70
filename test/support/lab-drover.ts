import type { ChildProcess } from 'node:child_process';
import { droverJson } from './cluster.ts';
import { labDirectory } from './lab-processes.ts';
import { type DroverRun, runDrover } from './run-drover.ts';
import { untilTrue } from './until-true.ts';

/** Runs the CLI against the lab; `onOutput` hears of everything written to stdout so far, and may send signals. */
export function labDrover(
  args: readonly string[],
  onOutput?: (stdout: string, child: ChildProcess) => void,
): Promise<DroverRun> {
  const env = { DROVER_CONTEXT: `${labDirectory()}/coordinator/admin-context.json` };
  return runDrover(args, { env, ...(onOutput ? { onOutput } : {}) });
}

/** A migration as `migration show -o json` gives it. */
export interface MigrationDetails {
  readonly id: string;
  readonly workload: string;
  readonly from: string;
  readonly to: string;
  readonly outcome: 'committed' | 'rolled_back' | null;
  readonly phase: string;
  readonly reason: string;
  readonly bytes_sent: number;
  readonly failure: { readonly code: string; readonly message: string } | null;
}

export async function showMigration(id: string): Promise<MigrationDetails> {
  return (await droverJson<{ migration: MigrationDetails }>('migration', 'show', id)).migration;
}

/** Starts a migration, and resolves with its id when bytes of the frozen memory flow. */
export async function migrateIntoTransfer(workload: string, to: string): Promise<string> {
  const { migration } = await droverJson<{ migration: { id: string } }>('migrate', workload, '--to', to, '--detach');
  await untilTransferring(migration.id);
  return migration.id;
}

/** Resolves when bytes of the frozen memory flow. */
export function untilTransferring(id: string): Promise<boolean> {
  const flows = ({ phase, bytes_sent }: MigrationDetails) => phase === 'transferring' && bytes_sent > 2 ** 20;
  return untilTrue(async () => flows(await showMigration(id)), `migration ${id} transfers`, 30_000);
}

/** The migration once it is over. */
export async function endOf(id: string, timeoutMs = 30_000): Promise<MigrationDetails> {
  return untilTrue(
    async () => {
      const migration = await showMigration(id).catch(() => undefined);
      return migration?.outcome ? migration : undefined;
    },
    `migration ${id} is over`,
    timeoutMs,
  );
}
