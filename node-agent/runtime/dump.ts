import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DroverError } from '../../proto/index.ts';
import type { ControlDirectory } from './control-directory.ts';
import { readCriuLog } from './criu-log.ts';
import { dumpOptions } from './criu-options.ts';
import { checkpointArguments, type RuncTarget } from './runc.ts';

// Leaves the exit status where a restarted agent finds it.
const wrapper = `"$@"; status=$?
printf '%s\\n' "$status" >"$DROVER_CONTROL/status.new" && mv "$DROVER_CONTROL/status.new" "$DROVER_CONTROL/status"
printf 'exited\\n' 1<>"$DROVER_CONTROL/events"`;

/** A dump whose tasks are held frozen by CRIU until a verdict is spoken. Survives the agent. */
export interface Dump {
  /** Resolves when runc and CRIU are up, have touched nothing, and wait for `proceed`. Throws CHECKPOINT_FAILED. */
  ready(signal: AbortSignal): Promise<void>;
  /** The tasks stand still: CRIU may dump them. */
  proceed(): Promise<void>;
  /** Resolves when the images are complete and the tasks held. Throws CHECKPOINT_FAILED with the end of dump.log. */
  dumped(signal: AbortSignal): Promise<void>;
  /** The tasks may never run again: CRIU kills them. */
  release(signal: AbortSignal): Promise<void>;
  /** The tasks go on as if nothing had been. The cgroup freezer is the caller's to open. */
  thaw(signal: AbortSignal): Promise<void>;
}

/** Prepares everything for a dump that can be prepared while the container runs. */
export async function prepareDump(
  control: ControlDirectory,
  options: { images: string; holdScript: string },
): Promise<void> {
  await mkdir(options.images, { recursive: true, mode: 0o700 });
  await control.create({ words: ['freeze', 'verdict'], criuOptions: dumpOptions, holdScript: options.holdScript });
}

/** Starts `runc checkpoint` on prepared directories, detached, so that it outlives the agent. */
export function startDump(control: ControlDirectory, target: RuncTarget, images: string): Dump {
  const output = openSync(join(control.path, 'output'), 'a', 0o600);
  const child = spawn(
    'sh',
    ['-c', wrapper, 'sh', 'runc', ...checkpointArguments(target, { images, work: control.work })],
    {
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...process.env, CRIU_CONFIG_FILE: control.criuConfig, DROVER_CONTROL: control.path },
    },
  );
  child.unref();
  return heldDump(control);
}

/** A dump that was started before, perhaps by an agent that is no more. */
export function heldDump(control: ControlDirectory): Dump {
  const exited = () => control.read('status');
  // An exit before the state that is waited for is a failure, whatever its status.
  const reach = async (wanted: 'ready' | 'dumped', signal: AbortSignal) => {
    const found = await control.until(async () => {
      const state = await control.state();
      return state === wanted ? state : await exited();
    }, signal);
    if (found !== wanted) throw await checkpointFailed(control);
  };
  return {
    async ready(signal) {
      await reach('ready', signal);
    },
    proceed: () => control.say('freeze', 'go'),
    async dumped(signal) {
      await reach('dumped', signal);
    },
    async release(signal) {
      await control.say('verdict', 'release');
      const status = await control.until(exited, signal);
      if (status !== '0') throw await checkpointFailed(control);
    },
    async thaw(signal) {
      await control.say('verdict', 'thaw');
      // For a CRIU that still waits to begin.
      await control.say('freeze', 'abort');
      await control.until(exited, signal);
    },
  };
}

async function checkpointFailed(control: ControlDirectory): Promise<DroverError> {
  const { cause, excerpt } = await readCriuLog(join(control.work, 'dump.log'));
  const output = (await control.read('output')) ?? '';
  return new DroverError(
    'CHECKPOINT_FAILED',
    `CRIU could not checkpoint the container: ${cause ?? output.split('\n').at(-1) ?? 'it left no message'}.`,
    { details: { log: excerpt, output: output.slice(-2000) } },
  );
}
