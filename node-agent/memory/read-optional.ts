import { readFile } from 'node:fs/promises';

const absent = new Set(['ENOENT', 'ESRCH', 'ENOTDIR', 'EOPNOTSUPP', 'ENODEV']);

/** The text of a kernel file, undefined where this kernel or this process has none. */
export async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (absent.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
