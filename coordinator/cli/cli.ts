/** A stream that the command line writes to; `isTTY` tells a terminal from a pipe or a file. */
export type OutStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** What `drover coordinator` starts. */
export type RunCoordinator = (options: {
  listen: string;
  dataDir: string;
  configFile?: string;
  logLevel?: string;
}) => Promise<void>;

/** Everything of the outside world that commands use. `main.ts` builds the real one. */
export interface Cli {
  readonly stdout: OutStream;
  readonly stderr: OutStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  /** Calls the listener at Ctrl-C or a termination signal; the function it returns restores the default. */
  readonly onInterrupt: (listener: () => void) => () => void;
  readonly readFile: (path: string) => string;
  /** IPv4 addresses of this machine that others may reach, loopback left out. */
  readonly ownAddresses: () => readonly string[];
  readonly version: string;
  readonly runCoordinator: RunCoordinator;
}
