import type { AgentOptions } from '../config.ts';
import type { ProveCheckpointRestore } from './doctor-facts.ts';
import type { InstallPlaces } from './install-places.ts';

/** What the command line needs of the world around it. */
export interface Cli {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly places: InstallPlaces;
  readonly runAgent: (options: AgentOptions) => Promise<void>;
  readonly proveCheckpointRestore: ProveCheckpointRestore;
  /** Notes the exit status of a command that did its work and has bad news. */
  readonly exit: (status: number) => void;
}
