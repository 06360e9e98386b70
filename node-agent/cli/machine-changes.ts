import { access, copyFile, rm, stat } from 'node:fs/promises';
import type { Engine } from '../docker/engine-port.ts';
import { readOptional } from '../memory/read-optional.ts';
import type { InstallPlaces } from './install-places.ts';
import { reloadDocker } from './reload-docker.ts';
import { writeAtomically } from './write-atomically.ts';

export interface InstallDependencies {
  readonly places: InstallPlaces;
  readonly engine: Pick<Engine, 'info' | 'list' | 'inspect'>;
  /** Tells one thing that was (or, dry, would be) done. */
  readonly say: (line: string) => void;
}

/** Changes to this machine. Each looks first: what is as it should be stays untouched, and a dry run only tells. */
export class MachineChanges {
  readonly #dependencies: InstallDependencies;
  readonly #dryRun: boolean;

  constructor(dependencies: InstallDependencies, { dryRun }: { readonly dryRun: boolean }) {
    this.#dependencies = dependencies;
    this.#dryRun = dryRun;
  }

  async write(path: string, content: string, mode: number, { backup = false } = {}): Promise<void> {
    if ((await readOptional(path)) === content && ((await stat(path)).mode & 0o777) === mode) return;
    if (!this.#go(`write ${path}`)) return;
    if (backup) await keepBackup(path);
    await writeAtomically(path, content, mode);
  }

  async remove(path: string): Promise<void> {
    if (!(await exists(path)) || !this.#go(`remove ${path}`)) return;
    await rm(path, { recursive: true });
  }

  /** The content from before a write; undefined when there was no file. */
  async putBack(path: string, content: string | undefined): Promise<void> {
    if (content === undefined) await this.remove(path);
    else await this.write(path, content, 0o644);
  }

  /** Lets Docker read its configuration again, unless that is not needed. */
  async reload(isDone: (runtimes: readonly string[]) => boolean, { always = false } = {}): Promise<void> {
    const { engine, places } = this.#dependencies;
    if ((!always && isDone((await engine.info()).runtimes)) || !this.#go(`let Docker read ${places.daemonJson} again`))
      return;
    await reloadDocker({ engine, pidFile: places.dockerPidFile }, isDone);
  }

  #go(what: string): boolean {
    this.#dependencies.say(this.#dryRun ? `would ${what}` : what);
    return !this.#dryRun;
  }
}

// The first backup is the one from before Drover; a later one must not replace it.
async function keepBackup(path: string): Promise<void> {
  const backup = `${path}.drover-backup`;
  if (!(await exists(backup))) await copyFile(path, backup);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
