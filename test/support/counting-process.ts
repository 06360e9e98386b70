import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { start } from './hand-scripts.ts';
import { ownCgroup } from './own-cgroup.ts';
import { temporaryDirectory } from './tls.ts';
import { untilTrue } from './until-true.ts';

/** A process in a cgroup of its own that counts as long as it may run, and a child of it that does the same. */
export interface CountingProcess {
  readonly pid: number;
  counts(): Promise<readonly [parent: number, child: number]>;
  /** Resolves when both have counted on; rejects when they do not. */
  counting(): Promise<void>;
  /** Resolves with whether both stand still. */
  standing(): Promise<boolean>;
}

// Long against a step of the counters.
const lookMs = 60;

/** Starts one in a cgroup of its own under each of these controllers. */
export async function countingProcess(t: ExecutionContext, ...controllers: string[]): Promise<CountingProcess> {
  const directory = await temporaryDirectory(t);
  const count = 'n=0; while :; do n=$((n + 1)); echo $n >"$0/$1.new"; mv "$0/$1.new" "$0/$1"; done';
  const script = `read -r _; (${count.replaceAll('$1', 'child')}) & ${count.replaceAll('$1', 'parent')}`;
  const { pid, stdin } = start(t, ['sh', '-c', script, directory]);
  for (const controller of controllers) await (await ownCgroup(t, controller)).add(pid);
  stdin?.end('\n');
  const read = async (who: string) => Number(await readFile(join(directory, who), 'utf8').catch(() => '0'));
  const counts = async () => [await read('parent'), await read('child')] as const;
  return {
    ...{ pid, counts },
    async counting() {
      const [parent, child] = await counts();
      await untilTrue(async () => {
        const [nowParent, nowChild] = await counts();
        return nowParent > parent && nowChild > child;
      }, 'both count');
    },
    async standing() {
      const [parent, child] = await counts();
      await new Promise((resolve) => setTimeout(resolve, lookMs));
      const [nowParent, nowChild] = await counts();
      return nowParent === parent && nowChild === child;
    },
  };
}
