// Options that CRIU reads from the file named by CRIU_CONFIG_FILE, per call and with nothing host-wide.

// What busy programs need on top of CRIU's defaults: file locks, unlinked files that are still open, unix sockets
// whose other end is outside, inotify watches on overlayfs.
const common = ['file-locks', 'link-remap', 'ext-unix-sk', 'force-irmap', 'irmap-scan-path /'];

/** For the dump. Connections are dumped so that they survive a thaw. */
export const dumpOptions: readonly string[] = ['tcp-established', ...common];

/**
 * For the restore. The new container has another address, so its connections come back closed: programs see their
 * clients gone, and what listens goes on listening. Tasks stay stopped until the hand-over is committed.
 */
export const restoreOptions: readonly string[] = ['tcp-close', 'leave-stopped', ...common];
