import { once } from 'node:events';
import type { Logger } from 'pino';
import { type CommandDone, DroverError, type HandoverSignal, withDeadline } from '../../proto/index.ts';
import { seenSignals } from './seen-signals.ts';
import type { CommandBody, SendOptions, Session } from './session.ts';

export type SignalListener = (node: string, signal: HandoverSignal) => void;

/** Commands to nodes and news from them, whichever session carries them at the moment. */
export interface Agents {
  /**
   * Sends a command to a node's session and waits for its result. Rejects NODE_DOWN (no session), AGENT_LOST (the session
   * broke while waiting: whether the command was executed is not known), TIMEOUT, or the agent's own failure.
   */
  send(node: string, body: CommandBody, options: SendOptions): Promise<CommandDone>;
  isConnected(node: string): boolean;
  /** Rejects with the signal's reason when that aborts first. */
  waitUntilConnected(node: string, signal: AbortSignal): Promise<void>;
  /** Resolves when the node has had no session for so long. Rejects with the signal's reason when that aborts first. */
  waitUntilLost(node: string, forMs: number, signal: AbortSignal): Promise<void>;
  /** Every HandoverSignal that arrives from any node, each once; returns the unsubscribe function. */
  onSignal(listener: SignalListener): () => void;
}

/** The side of the agents that the session service holds. */
export interface AgentSessions {
  /** Makes it the node's session; one that the node had before is ended. */
  open(session: Session): void;
  /** True when it was still the node's session, so that the node has none now. */
  close(session: Session): boolean;
  deliver(node: string, signal: HandoverSignal): void;
  /** Ends a node's session, if it has one, and tells the agent why. */
  end(node: string, reason: DroverError): void;
  endAll(reason: DroverError): void;
}

// INVARIANT: a node has at most one session, the newest; only that one gets commands.
export function createAgents({ log }: { readonly log: Logger }): Agents & AgentSessions {
  const sessions = new Map<string, Session>();
  const listeners = new Set<SignalListener>();
  const waiters = new Set<(node: string) => void>();
  const seen = seenSignals();

  return {
    send: async (node, body, options) => {
      const session = sessions.get(node);
      if (!session) throw notConnected(node);
      return session.send(body, options);
    },
    isConnected: (node) => sessions.has(node),
    waitUntilConnected,
    waitUntilLost,
    onSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    open: (session) => {
      sessions.get(session.node)?.end(replaced(session.node));
      sessions.set(session.node, session);
      for (const wake of [...waiters]) wake(session.node);
    },
    close: (session) => {
      session.end();
      return sessions.get(session.node) === session && sessions.delete(session.node);
    },
    deliver,
    end: (node, reason) => sessions.get(node)?.end(reason),
    endAll: (reason) => {
      for (const session of sessions.values()) session.end(reason);
    },
  };

  function waitUntilConnected(node: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        waiters.delete(wake);
        signal.removeEventListener('abort', abort);
      };
      const wake = (connected: string) => {
        if (connected !== node) return;
        done();
        resolve();
      };
      const abort = () => {
        done();
        reject(signal.reason);
      };
      waiters.add(wake);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      else if (isOpen(node)) wake(node);
    });
  }

  async function waitUntilLost(node: string, forMs: number, signal: AbortSignal): Promise<void> {
    for (let back = true; back; ) {
      await aborted(sessions.get(node)?.ended ?? AbortSignal.abort(), signal);
      back = await withDeadline(forMs, signal, (limit) => waitUntilConnected(node, limit)).then(
        () => true,
        () => false,
      );
      signal.throwIfAborted();
    }
  }

  // A session that has ended is forgotten only when its call is over.
  function isOpen(node: string): boolean {
    return sessions.get(node)?.ended.aborted === false;
  }

  function deliver(node: string, signal: HandoverSignal): void {
    // Without a listener it is not noted as seen, so that it counts when the agent repeats it.
    if (listeners.size === 0 || !seen.isNew(node, signal)) return;
    for (const listener of [...listeners]) {
      try {
        listener(node, signal);
      } catch (error) {
        log.error({ err: error, node, migration: signal.migrationId }, 'a listener failed on a signal');
      }
    }
  }
}

// Resolves when one of them is aborted.
async function aborted(...signals: readonly AbortSignal[]): Promise<void> {
  const either = AbortSignal.any([...signals]);
  if (!either.aborted) await once(either, 'abort');
}

function notConnected(node: string): DroverError {
  return new DroverError('NODE_DOWN', `${node} is not connected; start its agent or wait until it is back.`, {
    details: { node },
  });
}

function replaced(node: string): DroverError {
  return new DroverError(
    'NODE_EXISTS',
    `A newer session of ${node} took over; if two agents use one data directory, stop one of them.`,
    { details: { node } },
  );
}
