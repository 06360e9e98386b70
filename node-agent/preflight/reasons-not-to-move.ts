import type { ContainerInspectInfo, ExecSession } from '../docker/engine-port.ts';
import { isLoopback, isWildcard } from './listening-sockets.ts';
import { mountReasons } from './mount-reasons.ts';
import type { ProcessFacts } from './process-facts.ts';

/** What, besides its inspect, decides whether a container can be moved. */
export interface SourceFacts {
  readonly processes: ProcessFacts;
  readonly execSessions: readonly ExecSession[];
}

/** One sentence for each thing that keeps a container from being moved; empty when it can be. Pure. */
export function reasonsNotToMove(inspect: ContainerInspectInfo, facts: SourceFacts): string[] {
  return [
    ...stateReasons(inspect),
    ...ownershipReasons(inspect),
    ...mountReasons(inspect),
    ...hardwareReasons(inspect),
    ...namespaceReasons(inspect),
    ...linkReasons(inspect),
    ...execReasons(inspect, facts.execSessions),
    ...ioUringReasons(facts.processes),
    ...lockedUserReasons(facts.processes),
    ...storageReasons(inspect),
  ];
}

/**
 * One sentence for each socket that listens on an address of the container itself rather than on all. It moves only if
 * the container has the same address on the target, so it is apart from the reasons that always hold. Pure.
 */
export function fixedAddressReasons({ listening }: ProcessFacts): string[] {
  return listening
    .filter(({ address }) => !isWildcard(address) && !isLoopback(address))
    .map(
      ({ address, port, protocol }) =>
        `It listens on ${address} port ${port}/${protocol}, an address that it may not have on another node: let it listen on 0.0.0.0.`,
    );
}

function stateReasons({ State, Config }: ContainerInspectInfo): string[] {
  const { Paused: paused, Running: running, Restarting: restarting, Status: status } = State;
  if (paused) return ['It is paused: continue it with `docker unpause` first.'];
  if (restarting) return ['It is restarting again and again: see `docker logs` for why it ends.'];
  if (!running) return [`It is not running (${status}): start it with \`docker start\` first.`];
  return Config.Tty ? ['It has a terminal (-t), which cannot be carried along: start it without one.'] : [];
}

function ownershipReasons({ HostConfig, Config }: ContainerInspectInfo): string[] {
  const service = Config.Labels?.['com.docker.swarm.service.name'];
  return [
    ...when(service, () => `It belongs to the swarm service ${service}: let the swarm place it.`),
    ...when(
      HostConfig.AutoRemove,
      () => 'It was started with --rm, so Docker would remove it when it is stopped to move: start it without --rm.',
    ),
  ];
}

function hardwareReasons({ HostConfig }: ContainerInspectInfo): string[] {
  const devices = ((HostConfig.Devices ?? []) as { PathOnHost: string }[]).map(
    ({ PathOnHost }) => `It uses the device ${PathOnHost} of this node: start it without --device.`,
  );
  return [
    ...when(
      HostConfig.Privileged,
      () =>
        'It is privileged, so it may hold anything of this node: start it without --privileged, with the --cap-add it needs.',
    ),
    ...devices,
    ...when(
      HostConfig.DeviceRequests?.length,
      () => 'It uses a GPU or another requested device of this node: start it without --gpus.',
    ),
  ];
}

const namespaces = [
  { option: '--network', mode: ({ HostConfig }: ContainerInspectInfo) => HostConfig.NetworkMode },
  { option: '--pid', mode: ({ HostConfig }: ContainerInspectInfo) => HostConfig.PidMode },
  { option: '--ipc', mode: ({ HostConfig }: ContainerInspectInfo) => HostConfig.IpcMode },
  { option: '--uts', mode: ({ HostConfig }: ContainerInspectInfo) => HostConfig.UTSMode },
  { option: '--userns', mode: ({ HostConfig }: ContainerInspectInfo) => HostConfig.UsernsMode },
] as const;

function namespaceReasons(inspect: ContainerInspectInfo): string[] {
  return namespaces.flatMap(({ option, mode }) => {
    const value = mode(inspect) ?? '';
    if (value === 'host')
      return [`It shares a namespace with this node (${option} host): start it without ${option} host.`];
    if (value === 'shareable') {
      return ['It shares its /dev/shm with other containers (--ipc shareable): start it without --ipc.'];
    }
    if (!value.startsWith('container:')) return [];
    const other = value.slice('container:'.length).slice(0, 12);
    return [
      `It shares a namespace with the container ${other} (${option} container:…), which would stay behind: start it without ${option}.`,
    ];
  });
}

function linkReasons({ HostConfig }: ContainerInspectInfo): string[] {
  return ((HostConfig.Links ?? []) as string[]).map((link) => {
    const other = link.split(':')[0]?.replace(/^\//, '');
    return `It is linked to the container ${other} (--link), which would stay behind: put both on a network of their own instead.`;
  });
}

function execReasons({ Config }: ContainerInspectInfo, sessions: readonly ExecSession[]): string[] {
  const healthCheck = healthCheckCommand(Config);
  return sessions
    .filter(({ running, command }) => running && JSON.stringify(command) !== JSON.stringify(healthCheck))
    .map(({ command }) => `Somebody has an exec session open in it (${command.join(' ')}): end it first.`);
}

// Docker runs a health check as an exec session as well; it is over in a moment, and the hand-over waits for it.
function healthCheckCommand(config: ContainerInspectInfo['Config'] & { readonly Shell?: readonly string[] }): string[] {
  const [kind, ...command] = config.Healthcheck?.Test ?? [];
  if (kind !== 'CMD-SHELL') return command;
  const shell = config.Shell?.length ? config.Shell : ['/bin/sh', '-c'];
  return [...shell, ...command];
}

function ioUringReasons({ ioUring }: ProcessFacts): string[] {
  return [...new Set(ioUring)].map(
    (command) =>
      `Its program ${command} uses io_uring, which cannot be checkpointed: turn it off in the program (UV_USE_IO_URING=0 for Node.js).`,
  );
}

function lockedUserReasons({ lockedUsers }: ProcessFacts): string[] {
  return lockedUsers.map(
    (user) =>
      `It runs as user ${user}, whose processes CRIU may not read on this node: the agent lacks CAP_SYS_RESOURCE.`,
  );
}

function storageReasons({ Driver }: ContainerInspectInfo): string[] {
  if (Driver === 'overlay2') return [];
  return [
    `Its files are kept by the storage driver ${Driver}, whose changes cannot be read: set "storage-driver": "overlay2" in Docker's daemon.json.`,
  ];
}

function when(condition: unknown, reason: () => string): string[] {
  return condition ? [reason()] : [];
}
