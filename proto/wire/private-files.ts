import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Writes a file that only its owner can read: after a crash it is the old one or the new one, whole. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.draft`;
  await rm(draft, { force: true });
  await writeNew(draft, text);
  await rename(draft, path);
  await syncDirectory(dirname(path));
}

/**
 * Writes a directory of files that belong together, e.g. a key and its certificate, readable by its owner only. A crash
 * leaves the old one or the new one, whole, once `recoverPrivateDirectory` has been called.
 */
export async function writePrivateDirectory(path: string, files: Readonly<Record<string, string>>): Promise<void> {
  const draft = `${path}.draft`;
  for (const leftover of [draft, `${path}.next`, `${path}.old`]) await rm(leftover, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(files)) await writeNew(join(draft, name), text);
  await syncDirectory(draft);
  await rename(draft, `${path}.next`);
  if (await exists(path)) await rename(path, `${path}.old`);
  await rename(`${path}.next`, path);
  await syncDirectory(dirname(path));
  await rm(`${path}.old`, { recursive: true, force: true });
}

/** Finishes what a crash interrupted: a complete new directory takes the place that the old one has already left. */
export async function recoverPrivateDirectory(path: string): Promise<void> {
  if (!(await exists(path)) && (await exists(`${path}.next`))) await rename(`${path}.next`, path);
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
