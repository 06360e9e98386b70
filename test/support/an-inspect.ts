import type { ContainerInspectInfo } from '../../node-agent/docker/engine-port.ts';

type Part = Readonly<Record<string, unknown>>;

/** What `docker inspect` says of a plain running container, with some parts changed. */
export function anInspect(change: {
  readonly State?: Part;
  readonly Config?: Part;
  readonly HostConfig?: Part;
  readonly NetworkSettings?: Part;
  readonly Mounts?: readonly Part[];
  readonly Driver?: string;
}): ContainerInspectInfo {
  return {
    Id: 'c0ffee'.repeat(10).padEnd(64, '0'),
    Name: '/web',
    Image: `sha256:${'a'.repeat(64)}`,
    Driver: change.Driver ?? 'overlay2',
    Mounts: change.Mounts ?? [],
    ExecIDs: null,
    State: { Status: 'running', Running: true, Paused: false, Restarting: false, Pid: 1, ...change.State },
    Config: { Image: 'drover/fn-node', Tty: false, Labels: {}, Cmd: ['node'], Entrypoint: null, ...change.Config },
    HostConfig: {
      NetworkMode: 'bridge',
      IpcMode: 'private',
      Runtime: 'runc',
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      ...change.HostConfig,
    },
    NetworkSettings: { Networks: { bridge: { NetworkID: 'b' } }, Ports: {}, ...change.NetworkSettings },
  } as unknown as ContainerInspectInfo;
}
