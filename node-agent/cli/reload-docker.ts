import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DroverError } from '../../proto/index.ts';
import type { Engine } from '../docker/engine-port.ts';

const attemptEveryMs = 200;
const giveUpAfterMs = 15_000;

/**
 * Lets dockerd read its configuration again and waits until it has. Rejects DOCKER_UNREACHABLE when it does not run, and
 * DOCKER_FAILED when it refuses the configuration.
 */
export async function reloadDocker(
  dependencies: { readonly engine: Pick<Engine, 'info'>; readonly pidFile: string },
  isDone: (runtimes: readonly string[]) => boolean,
): Promise<void> {
  process.kill(await dockerPid(dependencies.pidFile), 'SIGHUP');
  // The reload announces itself nowhere but in dockerd's log, so its effect is asked for.
  const deadline = performance.now() + giveUpAfterMs;
  while (!isDone((await dependencies.engine.info()).runtimes)) {
    if (performance.now() > deadline) throw notReloaded();
    await sleep(attemptEveryMs);
  }
}

async function dockerPid(file: string): Promise<number> {
  const pid = Number(await readFile(file, 'utf8').catch(() => ''));
  const name = Number.isInteger(pid) && pid > 1 ? await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '') : '';
  // The file of a killed dockerd stays, and the id may be somebody else's by now.
  if (name.trim() === 'dockerd') return pid;
  const message = `No dockerd runs under the process id in ${file}: start Docker, then run this command again.`;
  throw new DroverError('DOCKER_UNREACHABLE', message);
}

function notReloaded(): DroverError {
  const message =
    "Docker did not take over its changed configuration: look into dockerd's log, most likely a setting is given both in daemon.json and as a flag.";
  return new DroverError('DOCKER_FAILED', message);
}
