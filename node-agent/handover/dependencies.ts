import type { Logger } from 'pino';
import type { HandoverSignal, TlsIdentity } from '../../proto/index.ts';
import type { Engine } from '../docker/engine-port.ts';
import type { RuntimePaths } from '../runtime/paths.ts';
import type { Offers } from '../transfer/offers.ts';
import type { Ledger } from '../workloads/ledger.ts';
import type { HandoverJournal } from './journal.ts';

/** Deadlines of the steps of a hand-over on a node, in milliseconds. */
export interface HandoverTimeouts {
  /** Until every task stands still. */
  readonly freezeMs: number;
  /** Until CRIU has dumped. */
  readonly dumpMs: number;
  /** Until the shim waits for the images, after `docker start`. */
  readonly shimMs: number;
  /** Until CRIU has restored, once the images are complete. */
  readonly restoreMs: number;
  /** How long the shim and the fetch wait for a checkpoint in all. */
  readonly waitForCheckpointMs: number;
  /** Until a verdict that was spoken is carried out. */
  readonly settleMs: number;
}

/** What both halves of a hand-over need. */
export interface HandoverDependencies {
  readonly engine: Engine;
  readonly ledger: Ledger;
  readonly journal: HandoverJournal;
  readonly offers: Offers;
  readonly paths: RuntimePaths;
  /** Directory for checkpoints on their way, on disk. */
  readonly checkpoints: string;
  readonly timeouts: HandoverTimeouts;
  /** The node's certificate as it is now; it is renewed while the agent runs. */
  readonly tls: () => TlsIdentity;
  /** Tells the coordinator news of a hand-over. */
  readonly signal: (signal: HandoverSignal) => void;
  readonly log: Logger;
}
