import type { Agents, SignalListener } from '../../coordinator/nodes/agents.ts';
import type { CommandBody } from '../../coordinator/nodes/session.ts';
import { CommandDone, DroverError, type HandoverSignal } from '../../proto/index.ts';

export type CommandKind = CommandBody['$case'];
type ValueOf<K extends CommandKind> = Extract<CommandBody, { $case: K }>['value'];

/** What a node does with a command. */
export type Answers = {
  [K in CommandKind]?: (value: ValueOf<K>, node: string) => Partial<CommandDone> | Promise<Partial<CommandDone>>;
};

export interface SentCommand {
  readonly node: string;
  readonly body: CommandBody;
}

export interface FakeAgents extends Agents {
  /** May be changed at any time; a command without an answer succeeds. */
  readonly answers: Answers;
  readonly sent: SentCommand[];
  /** The commands sent so far in short, e.g. "edge-1 freezeSource". */
  orders(): string[];
  disconnect(node: string): void;
  connect(node: string): void;
  deliver(node: string, signal: HandoverSignal): void;
}

/** Agents that answer as a test says, with the timeouts and refusals of real sessions. */
export function fakeAgents(answers: Answers = {}): FakeAgents {
  const sent: SentCommand[] = [];
  const listeners = new Set<SignalListener>();
  const down = new Set<string>();
  const waiting = new Set<() => void>();

  return {
    answers,
    sent,
    orders: () => sent.map(({ node, body }) => `${node} ${body.$case}`),
    isConnected: (node) => !down.has(node),
    disconnect: (node) => {
      down.add(node);
      for (const look of [...waiting]) look();
    },
    connect: (node) => {
      down.delete(node);
      for (const look of [...waiting]) look();
    },
    deliver: (node, signal) => {
      for (const listener of [...listeners]) listener(node, signal);
    },
    onSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    send: async (node, body, { timeoutMs, signal }) => {
      signal?.throwIfAborted();
      if (down.has(node)) throw new DroverError('NODE_DOWN', `${node} is not connected.`);
      sent.push({ node, body });
      const answer = answers[body.$case] as ((value: unknown, node: string) => Partial<CommandDone>) | undefined;
      const done = Promise.resolve().then(() => answer?.(body.value, node) ?? {});
      return CommandDone.fromPartial(await within(done, timeoutMs, signal));
    },
    waitUntilConnected: (node, signal) => when(() => !down.has(node), signal),
    // Nobody comes back by himself here.
    waitUntilLost: (node, _forMs, signal) => when(() => down.has(node), signal),
  };

  function when(holds: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!signal.aborted && !holds()) return;
        waiting.delete(look);
        signal.removeEventListener('abort', look);
        if (signal.aborted) reject(signal.reason);
        else resolve();
      };
      waiting.add(look);
      signal.addEventListener('abort', look);
      look();
    });
  }
}

// As a session does it: the wait ends, the work of the agent does not.
function within<T>(work: Promise<T>, timeoutMs: number, signal: AbortSignal | undefined): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = () => settle(() => reject(signal?.reason));
    const late = () => settle(() => reject(new DroverError('TIMEOUT', `No answer within ${timeoutMs} ms.`)));
    const timer = setTimeout(late, timeoutMs);
    const settle = (how: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      how();
    };
    signal?.addEventListener('abort', stop, { once: true });
    work.then(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    );
  });
}
