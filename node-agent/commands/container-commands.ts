import type { Logger } from 'pino';
import type {
  AdoptContainer,
  CommandDone,
  FollowLogs,
  InspectContainer,
  RemoveContainer,
  RunContainer,
} from '../../proto/index.ts';
import { DroverError } from '../../proto/index.ts';
import { droverRuntime } from '../docker/container-spec.ts';
import { parseCreateBody } from '../docker/create-body.ts';
import type { Engine } from '../docker/engine-port.ts';
import type { Reports } from '../reports/reports.ts';
import type { AgentSession } from '../session/session-client.ts';
import type { Ledger } from '../workloads/ledger.ts';
import { requireHeld } from '../workloads/require-held.ts';

/** What commands about single containers need. */
export interface ContainerCommandDependencies {
  readonly engine: Engine;
  readonly ledger: Ledger;
  readonly reports: Reports;
  /** The session, which exists once commands come. */
  readonly session: () => Pick<AgentSession, 'sendOutput'> | undefined;
  readonly log: Logger;
}

export type ContainerCommands = ReturnType<typeof containerCommands>;

/** Commands that make, take over, show and remove containers. Each may be repeated. */
export function containerCommands({ engine, ledger, reports, session, log }: ContainerCommandDependencies) {
  const done = async (containerId: string): Promise<Partial<CommandDone>> => ({
    containerId,
    container: await reports.ofContainer(containerId),
  });

  return {
    async run({ workload, epoch, createJson }: RunContainer): Promise<Partial<CommandDone>> {
      const known = ledger.get(workload);
      if (known?.epoch === epoch) return done(known.containerId);
      const body = parseCreateBody(createJson);
      if ((await engine.findImage(body.Image)) === undefined) throw imageNotFound(body.Image);
      const withRuntime = { ...body, HostConfig: { ...body.HostConfig, Runtime: droverRuntime } };
      const containerId = await engine.create(workload, withRuntime);
      try {
        await ledger.record(workload, { containerId, epoch });
        await engine.start(containerId);
      } catch (error) {
        await engine.remove(containerId, { force: true });
        await ledger.forget(workload);
        throw error;
      }
      return done(containerId);
    },

    async adopt({ container, epoch }: AdoptContainer): Promise<Partial<CommandDone>> {
      const inspect = await engine.inspect(container);
      await ledger.record(inspect.Name.replace(/^\//, ''), { containerId: inspect.Id, epoch });
      return done(inspect.Id);
    },

    async remove({ workload }: RemoveContainer): Promise<Partial<CommandDone>> {
      const held = ledger.get(workload);
      if (held !== undefined) {
        await engine.remove(held.containerId, { force: true });
        await ledger.forget(workload);
      }
      return {};
    },

    async inspect({ workload }: InspectContainer): Promise<Partial<CommandDone>> {
      const { containerId } = requireHeld(ledger, workload);
      return { inspectJson: JSON.stringify(await engine.inspect(containerId)) };
    },

    // The answer says that the stream is opened; what goes wrong later ends the stream itself.
    async followLogs(
      { streamId, workload, follow, tail }: FollowLogs,
      signal: AbortSignal,
    ): Promise<Partial<CommandDone>> {
      const { containerId } = requireHeld(ledger, workload);
      signal.throwIfAborted();
      const limit = tail === undefined ? {} : { tail };
      const logs = (ended: AbortSignal) => engine.logs(containerId, { follow, ...limit, signal: ended });
      session()
        ?.sendOutput(streamId, logs, new AbortController().signal)
        .catch((error) => log.debug({ err: error, workload }, 'a log stream ended early'));
      return {};
    },
  };
}

function imageNotFound(image: string): DroverError {
  return new DroverError(
    'IMAGE_NOT_FOUND',
    `The image ${image} is not on the node; load it there with "docker pull" or "docker load".`,
    { details: { image } },
  );
}
