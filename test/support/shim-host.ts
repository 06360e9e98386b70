import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { createTicket, openTicket, type RestoreTicket } from '../../node-agent/runtime/restore-ticket.ts';
import { installedScripts, start } from './hand-scripts.ts';
import { until } from './until.ts';

export const containerId = 'c0ffee01';

// Writes its arguments down, one call a block. `restore` does as CRIU does: it calls the action script when init exists.
export const fakeRunc = `#!/bin/sh
{ for argument; do printf '%s\\0' "$argument"; done; printf '\\001'; } >>"$FAKE_LOG"
case " $* " in *' restore '*) ;; *) exit "\${FAKE_STATUS:-0}" ;; esac
[ -z "$FAKE_STDIN" ] || cat >"$FAKE_STDIN"
[ -z "$FAKE_PAUSE" ] || read -r _ <"$FAKE_PAUSE"
[ "$FAKE_RESTORE" != fails-early ] || exit 1
script=$(sed -n 's/^action-script //p' "$CRIU_CONFIG_FILE")
CRTOOLS_SCRIPT_ACTION=post-setup-namespaces CRTOOLS_INIT_PID=\${FAKE_INIT:-4194304} "$script" || exit 1
[ "$FAKE_RESTORE" != fails-late ] || exit 1
`;

/** The shim over a runc that only pretends, in a shell of the test's choice. */
export async function shimHost(t: ExecutionContext, shell: readonly string[], env: Record<string, string> = {}) {
  const paths = await installedScripts(t);
  const base = join(paths.library, '..');
  const fake = join(base, 'fake runc');
  const logFile = join(base, 'calls');
  await writeFile(fake, fakeRunc, { mode: 0o755 });
  await writeFile(logFile, '');
  const environment = { DROVER_RUNC: fake, DROVER_RESTORE_DIR: join(paths.run, 'restore'), FAKE_LOG: logFile, ...env };
  const pidFile = join(base, 'pid');
  const log = join(base, 'log.json');

  return {
    ...{ paths, base, pidFile, log },
    run: (...args: string[]) => start(t, [...shell, join(paths.library, 'drover-runc'), ...args], environment),
    /** `create` and `start` as Docker calls them. */
    create() {
      const create = ['create', '--bundle', base, '--pid-file', pidFile, containerId];
      return this.run('--root', '/run/some root', '--log', log, '--log-format', 'json', '--systemd-cgroup', ...create);
    },
    start() {
      return this.run('--root', '/run/some root', '--log', log, 'start', containerId);
    },
    ticket: (options: { deadlineS?: number; networkFirst?: boolean } = {}): Promise<RestoreTicket> => {
      const ticket = { containerId, images: join(base, 'images'), deadlineS: 60, networkFirst: false };
      return createTicket(paths, { ...ticket, ...options });
    },
    /** The ticket as an agent sees it that was started later. */
    reopened: () => openTicket(paths, { containerId, images: join(base, 'images') }),
    /** What runc was called with so far. */
    async calls(): Promise<string[][]> {
      const blocks = (await readFile(logFile, 'utf8')).split('\x01').slice(0, -1);
      return blocks.map((block) => block.split('\0').slice(0, -1));
    },
    read: (path: string) => readFile(path, 'utf8'),
    /** Resolves when the shim has reported this. */
    async reaches(ticket: RestoreTicket, state: string): Promise<void> {
      let found: string | undefined;
      await until(() => {
        ticket.state().then((now) => {
          found = now;
        }, t.fail);
        return found === state;
      });
    },
  };
}
