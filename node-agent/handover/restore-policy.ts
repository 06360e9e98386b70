import { DroverError } from '../../proto/index.ts';
import type { Engine } from '../docker/engine-port.ts';
import type { JournalEntry } from './journal.ts';

/** Gives a container its own restart policy back. One that somebody removed meanwhile needs none. */
export async function restorePolicy(
  engine: Pick<Engine, 'setRestartPolicy'>,
  { containerId, restartPolicy }: Pick<JournalEntry, 'containerId' | 'restartPolicy'>,
): Promise<void> {
  await engine.setRestartPolicy(containerId, restartPolicy).catch((error: unknown) => {
    if (!(error instanceof DroverError) || error.code !== 'CONTAINER_NOT_FOUND') throw error;
  });
}
