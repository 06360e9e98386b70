import { type Command, type CommandDone, DroverError } from '../../proto/index.ts';
import type { SourceHandovers } from '../handover/source.ts';
import type { TargetHandovers } from '../handover/target.ts';
import type { ContainerCommands } from './container-commands.ts';
import type { HandoverChecks } from './handover-checks.ts';

type Body = NonNullable<Command['body']>;
type Executors = {
  readonly [K in Body['$case']]: (
    value: Extract<Body, { $case: K }>['value'],
    signal: AbortSignal,
  ) => Promise<Partial<CommandDone>>;
};

/** What commands are carried out by. */
export interface CommandParts {
  readonly containers: ContainerCommands;
  readonly checks: HandoverChecks;
  readonly source: SourceHandovers;
  readonly target: TargetHandovers;
}

/** Carries out one command: a table that does not compile without an executor for each. */
export function commandExecutor({ containers, checks, source, target }: CommandParts) {
  const executors: Executors = {
    runContainer: (value) => containers.run(value),
    removeContainer: (value) => containers.remove(value),
    adoptContainer: (value) => containers.adopt(value),
    inspectContainer: (value) => containers.inspect(value),
    followLogs: (value, signal) => containers.followLogs(value, signal),
    checkSource: async (value) => ({ source: await checks.source(value) }),
    checkTarget: async (value) => {
      await checks.target(value);
      return {};
    },
    prepareSource: async (value) => {
      await source.prepare(value);
      return {};
    },
    prepareTarget: (value, signal) => target.prepare(value, signal),
    freezeSource: async (value, signal) => ({ dumped: await source.freeze(value, signal) }),
    resumeTarget: (value) => target.run(value),
    releaseSource: async (value) => ({ released: await source.release(value) }),
    finishTarget: async (value) => {
      await target.finish(value);
      return {};
    },
    thawSource: async (value) => {
      await source.thaw(value);
      return {};
    },
    discardTarget: async (value) => {
      await target.discard(value);
      return {};
    },
  };

  return async (command: Command, signal: AbortSignal): Promise<CommandDone> => {
    const { body } = command;
    if (body === undefined) throw new DroverError('NOT_SUPPORTED', 'This agent does not know the command; update it.');
    const executor = executors[body.$case] as (value: unknown, signal: AbortSignal) => Promise<Partial<CommandDone>>;
    return { containerId: '', inspectJson: '', ...(await executor(body.value, signal)) };
  };
}
