import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DroverError } from '../../proto/index.ts';
import { deletedFile, layerArchive } from './layer-files.ts';
import { upperEntries } from './upper-entries.ts';

/**
 * Packs what a frozen container changed in its files into `directory`: an archive with owners, modes, times, hard links
 * and extended attributes, and a list of what was deleted. Writes nothing when nothing changed. Throws CHECKPOINT_FAILED.
 */
export async function packLayer(upper: string, directory: string): Promise<void> {
  const { present, deleted } = await upperEntries(upper);
  if (present.length + deleted.length === 0) return;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(join(directory, deletedFile), JSON.stringify(deleted), { mode: 0o600 });
  await archive(upper, join(directory, layerArchive), present);
}

async function archive(upper: string, file: string, paths: readonly string[]): Promise<void> {
  const options = ['--create', '--file', file, '--directory', upper, '--format=posix', '--numeric-owner', '--sparse'];
  const attributes = ['--xattrs', '--xattrs-include=*'];
  const list = ['--no-recursion', '--null', '--verbatim-files-from', '--files-from=-'];
  const tar = spawn('tar', [...options, ...attributes, ...list], { stdio: ['pipe', 'ignore', 'pipe'] });
  let complaint = '';
  tar.stderr.on('data', (data) => {
    complaint = `${complaint}${data}`.slice(-1000);
  });
  tar.stdin.on('error', () => undefined);
  tar.stdin.end(paths.map((path) => `${path}\0`).join(''));
  const [status] = await once(tar, 'close');
  // Sockets are left out by tar, which says so without failing: the checkpoint itself makes them again.
  if (status !== 0) {
    throw new DroverError(
      'CHECKPOINT_FAILED',
      `The files that the container changed could not be packed: ${complaint.trim()}.`,
    );
  }
}
