import type { ContainerInspectInfo } from 'dockerode';
import { type CreateBody, noRestart, type RestartPolicy } from './create-body.ts';

/** The OCI runtime of every container that Drover makes. */
export const droverRuntime = 'drover';

/** All that it takes to make a container again. */
export interface ContainerSpec {
  /** Container's name without the leading slash. */
  readonly name: string;
  /** Body of Docker's create call, with restart policy `no` and the runtime of Drover. */
  readonly body: CreateBody;
  /** The container's own policy, to be set once the hand-over is committed. */
  readonly restartPolicy: RestartPolicy;
  /** Image as the container was made with it, e.g. drover/fn-node. */
  readonly image: string;
  /** What that image was: sha256:… */
  readonly imageId: string;
}

/** Fields of an inspect that no create body can carry or should, each with its reason. */
export const leftOut: Readonly<Record<string, string>> = {
  'HostConfig.ContainerIDFile': 'a file that the docker command wrote on the source for its caller',
  'HostConfig.RestartPolicy': 'set after the hand-over, or Docker would restart what the hand-over stops',
  'HostConfig.Runtime': 'only the drover runtime can restore',
  'Config.OnBuild': 'used by image builds only',
  'Config.ArgsEscaped': 'Windows only',
  'NetworkSettings.Networks.*.NetworkID': 'the network has another id on each engine; its name counts',
  'NetworkSettings.Networks.*.EndpointID': 'made by the engine when the container starts',
  'NetworkSettings.Networks.*.IPAddress': 'handed out by the network of each engine; a fixed one is in IPAMConfig',
  'NetworkSettings.Networks.*.MacAddress': 'made by the engine unless the user set it, which Config.MacAddress tells',
  'NetworkSettings.Networks.*.DNSNames': 'derived from the name, the aliases and the id',
};

/** What `docker inspect` says of a container, turned into the call that makes it again. Pure. */
export function specFrom(inspect: ContainerInspectInfo): ContainerSpec {
  const { body, restartPolicy } = createBodyFrom(inspect);
  return {
    name: inspect.Name.replace(/^\//, ''),
    body,
    restartPolicy,
    image: inspect.Config.Image,
    imageId: inspect.Image,
  };
}

/** Docker's create body for the same container again, and the restart policy that was taken out of it. Pure. */
export function createBodyFrom(inspect: ContainerInspectInfo): { body: CreateBody; restartPolicy: RestartPolicy } {
  const { OnBuild: _onBuild, ArgsEscaped: _argsEscaped, ...config } = inspect.Config as Loose;
  const { ContainerIDFile: _idFile, RestartPolicy, ...hostConfig } = inspect.HostConfig as Loose;
  const body = {
    ...config,
    Image: inspect.Config.Image,
    Entrypoint: entrypointOf(inspect),
    HostConfig: {
      ...hostConfig,
      NetworkMode: networkModeOf(inspect),
      RestartPolicy: noRestart,
      Runtime: droverRuntime,
    },
    NetworkingConfig: { EndpointsConfig: endpointsOf(inspect) },
  };
  return { body: body as CreateBody, restartPolicy: (RestartPolicy as RestartPolicy | undefined) ?? noRestart };
}

type Loose = Readonly<Record<string, unknown>>;

// An absent entrypoint would be filled in from the image; Docker takes [""] to mean none.
function entrypointOf({ Config }: ContainerInspectInfo): string[] {
  const entrypoint = Config.Entrypoint;
  if (typeof entrypoint === 'string') return [entrypoint];
  return entrypoint === undefined || entrypoint === null || entrypoint.length === 0 ? [''] : entrypoint;
}

// `docker run --network ID` leaves the id of the source's network here, which means nothing elsewhere.
function networkModeOf({ HostConfig, NetworkSettings }: ContainerInspectInfo): string {
  const mode = HostConfig.NetworkMode ?? 'default';
  const networks = Object.entries(NetworkSettings.Networks ?? {});
  const byId = networks.find(([, { NetworkID }]) => /^[0-9a-f]{12,64}$/.test(mode) && NetworkID.startsWith(mode));
  return byId?.[0] ?? mode;
}

function endpointsOf(inspect: ContainerInspectInfo): Record<string, Loose> {
  const mode = networkModeOf(inspect);
  const networks = Object.entries((inspect.NetworkSettings.Networks ?? {}) as Record<string, Loose>);
  return Object.fromEntries(networks.map(([name, endpoint]) => [name, endpointOf(inspect, endpoint, name === mode)]));
}

// Only what a user can configure, and only where it was: the default bridge refuses aliases, even empty ones.
function endpointOf(inspect: ContainerInspectInfo, endpoint: Loose, isPrimary: boolean): Loose {
  const aliases = ((endpoint.Aliases ?? []) as string[]).filter((alias) => alias !== inspect.Id.slice(0, 12));
  const mac = isPrimary ? (inspect.Config as unknown as Loose).MacAddress : undefined;
  const configured = {
    IPAMConfig: endpoint.IPAMConfig,
    Links: endpoint.Links,
    Aliases: aliases,
    DriverOpts: endpoint.DriverOpts,
    GwPriority: endpoint.GwPriority,
    MacAddress: mac,
  };
  return Object.fromEntries(Object.entries(configured).filter(([, value]) => isSet(value)));
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0) return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
