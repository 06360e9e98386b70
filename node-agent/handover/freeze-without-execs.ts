import { setTimeout as sleep } from 'node:timers/promises';
import { DroverError } from '../../proto/index.ts';
import { execTasks } from '../runtime/exec-tasks.ts';
import type { Freezer } from '../runtime/freezer.ts';

// Between looks at a container in which a command from outside is running.
const pauseMs = 50;

/**
 * Freezes a container at a moment when nothing that entered it from outside is running: health checks come and go, and
 * CRIU can dump none. Throws UNMOVABLE when there is no such moment within `timeoutMs`, FREEZE_FAILED as the freezer does;
 * then the tasks go on.
 */
export async function freezeWithoutExecs(options: {
  readonly freezer: Freezer;
  readonly init: number;
  readonly tasks: () => Promise<readonly number[]>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { freezer, init, tasks, timeoutMs, signal } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    await freezer.freeze(timeoutMs);
    const entered = await execTasks(init, await tasks());
    if (entered.length === 0) return;
    await freezer.thaw();
    if (performance.now() > deadline) throw execIsOpen(entered);
    await sleep(pauseMs, undefined, { signal });
  }
}

function execIsOpen(entered: readonly number[]): DroverError {
  return new DroverError('UNMOVABLE', 'A command from outside (docker exec) runs in the container; end it first.', {
    details: { pids: entered.join(' ') },
  });
}
