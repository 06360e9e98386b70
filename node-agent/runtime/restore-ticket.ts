import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DroverError } from '../../proto/index.ts';
import { ControlDirectory } from './control-directory.ts';
import { readCriuLog } from './criu-log.ts';
import { restoreOptions } from './criu-options.ts';
import type { RuntimePaths } from './paths.ts';

/** What the shim needs to make a created container out of a checkpoint. See drover-runc.sh for the protocol. */
export interface RestoreTicket {
  /** Where the CRIU images must be complete before `restore` is called. */
  readonly images: string;
  /** The last event of the shim: waiting, restored, failed, running or aborted. */
  state(): Promise<string | undefined>;
  /** Resolves when the shim waits for the images. */
  waiting(signal: AbortSignal): Promise<void>;
  restore(): Promise<void>;
  /** Resolves when the tasks exist, stopped, with their network up. Throws RESTORE_FAILED with the end of restore.log. */
  restored(signal: AbortSignal): Promise<void>;
  /** Sets the tasks going. May be called again after a restart. */
  run(signal: AbortSignal): Promise<void>;
  /** Ends the wait of the shim, whichever it is in; the engine then discards the container's tasks. */
  abort(): Promise<void>;
  /** Forgets the ticket: from now on the container is like any other. */
  remove(): Promise<void>;
}

const words = ['go', 'init', 'network', 'status', 'verdict'];

/** Makes a ticket. `images` is where the receiver writes, on disk; `deadlineS` is how long the shim waits for it. */
export async function createTicket(
  paths: RuntimePaths,
  ticket: { containerId: string; images: string; deadlineS: number; networkFirst: boolean },
): Promise<RestoreTicket> {
  const control = controlOf(paths, ticket.containerId);
  await mkdir(ticket.images, { recursive: true, mode: 0o700 });
  await control.create({ words, criuOptions: restoreOptions, holdScript: join(paths.library, 'criu-hold') });
  await symlink(ticket.images, join(control.path, 'images'));
  await writeFile(join(control.path, 'deadline'), `${ticket.deadlineS}\n`);
  if (ticket.networkFirst) await writeFile(join(control.path, 'network-first'), '');
  return openTicket(paths, ticket);
}

/** A ticket that was made before, perhaps by an agent that is no more. */
export function openTicket(paths: RuntimePaths, ticket: { containerId: string; images: string }): RestoreTicket {
  const control = controlOf(paths, ticket.containerId);
  const reach = (wanted: string, signal: AbortSignal) =>
    control.until(async () => {
      const state = await control.state();
      if (state === 'failed' || state === 'aborted') throw await restoreFailed(control);
      return state === wanted || state === 'running' ? state : undefined;
    }, signal);
  return {
    images: ticket.images,
    state: () => control.state(),
    async waiting(signal) {
      await reach('waiting', signal);
    },
    restore: () => control.say('go', 'restore'),
    async restored(signal) {
      await reach('restored', signal);
    },
    async run(signal) {
      await control.say('verdict', 'run');
      await reach('running', signal);
    },
    async abort() {
      // After a reboot, or before the ticket was made, there is nobody whose wait would have to be ended.
      if (!(await control.exists())) return;
      await control.say('go', 'abort');
      await control.say('verdict', 'abort');
    },
    async remove() {
      await rm(control.path, { recursive: true, force: true });
    },
  };
}

function controlOf(paths: RuntimePaths, containerId: string): ControlDirectory {
  return new ControlDirectory(join(paths.run, 'restore', containerId));
}

async function restoreFailed(control: ControlDirectory): Promise<DroverError> {
  const { cause, excerpt } = await readCriuLog(join(control.work, 'restore.log'));
  const why = cause ?? 'the runtime gave up before it began';
  // The kernel's way to say that the container's or the node's memory did not suffice.
  const hint = why.includes('killed by signal 9') ? ' (probably out of memory)' : '';
  return new DroverError('RESTORE_FAILED', `CRIU could not restore the container: ${why}${hint}.`, {
    details: { log: excerpt },
  });
}
