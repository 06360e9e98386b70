import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { killIfThere } from './kill-if-there.ts';

/** Kills every process that has a path of the test's own in its command line, as the kernel does when memory is short. */
export function killAllAbout(path: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (commandLine(pid).includes(`${path}/`)) killIfThere(Number(pid));
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(join('/proc', pid, 'cmdline'), 'utf8');
  } catch {
    return '';
  }
}
