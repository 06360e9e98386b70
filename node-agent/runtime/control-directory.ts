import { execFile } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { mkdir, open, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * A directory through which the agent and a shell script beside a frozen container speak.
 *
 * INVARIANTS: A word is a file written whole and a FIFO written after it, so that a word is heard by who waits and
 * found by who comes late; both sides may be restarted at any point. Nothing is ever unsaid.
 */
export class ControlDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes the directory, its FIFOs, CRIU's options and the link to the action script. */
  async create(options: {
    words: readonly string[];
    criuOptions: readonly string[];
    holdScript: string;
  }): Promise<void> {
    await mkdir(join(this.path, 'work'), { recursive: true, mode: 0o700 });
    const fifos = ['events', ...options.words.map((word) => `${word}.wake`)];
    await run('mkfifo', ['-m', '600', ...fifos.map((name) => join(this.path, name))]);
    await symlink(options.holdScript, this.actionScript);
    const lines = [...options.criuOptions, `action-script ${this.actionScript}`];
    await writeFile(this.criuConfig, `${lines.join('\n')}\n`, { mode: 0o600 });
  }

  get criuConfig(): string {
    return join(this.path, 'criu.conf');
  }

  get work(): string {
    return join(this.path, 'work');
  }

  private get actionScript(): string {
    return join(this.path, 'hold');
  }

  /** False before it was made, and after a reboot. */
  async exists(): Promise<boolean> {
    return (await this.read('criu.conf')) !== undefined;
  }

  /** Says a word to whoever waits for it or will. Saying it again does no harm. */
  async say(name: string, word: string): Promise<void> {
    const file = join(this.path, name);
    await writeFile(`${file}.new`, `${word}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
    const fifo = await open(`${file}.wake`, constants.O_RDWR | constants.O_NONBLOCK);
    await fifo.write('\n');
    await fifo.close();
  }

  /** The last event that the other side reported, or undefined before the first. */
  async state(): Promise<string | undefined> {
    return this.read('state');
  }

  /** A small file of the directory without its line end, or undefined when there is none. */
  async read(name: string): Promise<string | undefined> {
    try {
      return (await readFile(join(this.path, name), 'utf8')).trim();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /**
   * Resolves with what `look` finds, looking again at each event, until it finds something.
   * Rejects with the signal's reason when that aborts first.
   */
  async until<T>(look: () => Promise<T | undefined>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    // Open for both directions, so that the FIFO never ends; the socket owns and closes the descriptor.
    const fd = openSync(join(this.path, 'events'), constants.O_RDWR | constants.O_NONBLOCK);
    const events = new Socket({ fd, readable: true, writable: false });
    const abort = () => void events.destroy(signal.reason);
    return new Promise<T>((resolve, reject) => {
      const lookAgain = () => {
        look().then((found) => {
          if (found !== undefined) resolve(found);
        }, reject);
      };
      events.on('data', lookAgain);
      events.on('error', reject);
      signal.addEventListener('abort', abort, { once: true });
      lookAgain();
    }).finally(() => {
      signal.removeEventListener('abort', abort);
      events.destroy();
    });
  }
}
