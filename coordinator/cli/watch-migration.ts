import { setTimeout } from 'node:timers/promises';
import { DroverError, type Migration } from '../../proto/index.ts';
import type { Admin } from './client.ts';
import { present } from './with-admin.ts';

interface WatchOptions {
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Hears of each time that the coordinator was lost and will be tried again. */
  readonly onLost: (error: DroverError) => void;
}

const retryMs = 1_000;
const patienceMs = 120_000;

/**
 * Follows a migration until it is final. A coordinator that goes away is tried again for two minutes: it resumes its
 * open migrations when it starts, so losing it says nothing about the migration.
 *
 * @throws DroverError CANCELLED when the signal aborts; the migration itself goes on
 */
export async function* watchMigration(admin: Admin, id: string, options: WatchOptions): AsyncGenerator<Migration> {
  let lostAtMs: number | undefined;
  for (;;) {
    try {
      for await (const { migration } of admin.watchMigration(id, options.signal)) {
        lostAtMs = undefined;
        const state = present(migration, 'migration');
        yield state;
        if (state.outcome !== '') return;
      }
      throw new DroverError(
        'COORDINATOR_UNREACHABLE',
        'The coordinator ended the watch before the migration was over.',
      );
    } catch (error) {
      if (options.signal.aborted) throw stoppedWatching(id);
      lostAtMs ??= options.now().getTime();
      await pauseOrGiveUp(error, id, options, options.now().getTime() - lostAtMs);
    }
  }
}

async function pauseOrGiveUp(error: unknown, id: string, options: WatchOptions, lostForMs: number): Promise<void> {
  if (!(error instanceof DroverError) || !isLoss(error)) throw error;
  if (lostForMs >= patienceMs) {
    throw new DroverError(
      error.code,
      `${error.message} Migration ${id} may go on; ask with \`drover migration show ${id}\`.`,
      {
        details: { ...error.details, migration: id },
        cause: error,
      },
    );
  }
  options.onLost(error);
  await setTimeout(retryMs, undefined, { signal: options.signal }).catch(() => {
    throw stoppedWatching(id);
  });
}

function isLoss({ code }: DroverError): boolean {
  return code === 'COORDINATOR_UNREACHABLE' || code === 'SHUTTING_DOWN';
}

function stoppedWatching(id: string): DroverError {
  const message =
    `Stopped watching, but migration ${id} goes on: \`drover migration watch ${id}\` follows it again, ` +
    `\`drover migration cancel ${id}\` stops it.`;
  return new DroverError('CANCELLED', message, { details: { migration: id } });
}
