import { droverRuntime } from './container-spec.ts';

/** One field that two inspects do not agree on. */
export interface SpecDifference {
  /** E.g. HostConfig.Memory. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
  /** Why they must or may differ. Absent: it is unexplained, and the second container is not the first one. */
  readonly reason?: string;
}

const perContainer = 'belongs to one container on one engine';
const perStart = 'made by the engine when a container starts';

// `*` stands for one name. A reason that depends on the values is a function, which returns undefined when it does not hold.
type Explanation = string | ((before: unknown, after: unknown) => string | undefined);
const explained: Readonly<Record<string, Explanation>> = {
  Id: perContainer,
  Created: perContainer,
  RestartCount: 'counts the restarts by one engine',
  State: 'what the container does, not what it is',
  ExecIDs: 'exec sessions of the moment',
  ResolvConfPath: perContainer,
  HostnamePath: perContainer,
  HostsPath: perContainer,
  LogPath: perContainer,
  'GraphDriver.Data': perContainer,
  AppArmorProfile: 'depends on whether the node has AppArmor',
  MountLabel: 'depends on whether the node has SELinux',
  ProcessLabel: 'depends on whether the node has SELinux',
  'HostConfig.Runtime': (before, after) =>
    after === droverRuntime ? `was ${before}; only this one can restore` : undefined,
  'HostConfig.ContainerIDFile': 'a file of who created the first container',
  'HostConfig.ReadonlyPaths': emptyOrDefault,
  'HostConfig.MaskedPaths': emptyOrDefault,
  'HostConfig.OomKillDisable': 'not known to cgroup version 2',
  'Config.Image': (_before, after) =>
    /^sha256:/.test(String(after)) ? 'the name stands for another image on this node, so the id is used' : undefined,
  'NetworkSettings.SandboxID': perStart,
  'NetworkSettings.SandboxKey': perStart,
  'NetworkSettings.EndpointID': perStart,
  'NetworkSettings.Gateway': 'belongs to the network of each engine',
  'NetworkSettings.IPAddress': 'handed out by the network of each engine',
  'NetworkSettings.IPPrefixLen': 'belongs to the network of each engine',
  'NetworkSettings.IPv6Gateway': 'belongs to the network of each engine',
  'NetworkSettings.GlobalIPv6Address': 'handed out by the network of each engine',
  'NetworkSettings.GlobalIPv6PrefixLen': 'belongs to the network of each engine',
  'NetworkSettings.MacAddress': perStart,
  'NetworkSettings.Ports': 'the engine shows them only while the container runs; those asked for are in PortBindings',
  'NetworkSettings.Networks.*.NetworkID': 'the network has another id on each engine',
  'NetworkSettings.Networks.*.EndpointID': perStart,
  'NetworkSettings.Networks.*.Gateway': 'belongs to the network of each engine',
  'NetworkSettings.Networks.*.IPAddress': 'handed out by the network of each engine',
  'NetworkSettings.Networks.*.IPPrefixLen': 'belongs to the network of each engine',
  'NetworkSettings.Networks.*.IPv6Gateway': 'belongs to the network of each engine',
  'NetworkSettings.Networks.*.GlobalIPv6Address': 'handed out by the network of each engine',
  'NetworkSettings.Networks.*.GlobalIPv6PrefixLen': 'belongs to the network of each engine',
  'NetworkSettings.Networks.*.MacAddress': 'made by the engine unless it is in Config.MacAddress',
  'NetworkSettings.Networks.*.DNSNames': 'contain the id',
};

function emptyOrDefault(before: unknown, after: unknown): string | undefined {
  return before === null || after === null ? 'null stands for the default of the engine' : undefined;
}

/** Compares two `docker inspect` documents field by field. Absent, null, empty lists and empty objects are the same. Pure. */
export function specDifferences(before: unknown, after: unknown): SpecDifference[] {
  return differences([], before, after);
}

/** Those that nobody can explain: a faithful copy has none. */
export function unexplained(list: readonly SpecDifference[]): SpecDifference[] {
  return list.filter(({ reason }) => reason === undefined);
}

function differences(path: readonly string[], before: unknown, after: unknown): SpecDifference[] {
  if (isNothing(before) && isNothing(after)) return [];
  const reason = reasonFor(path, before, after);
  if (reason === undefined && isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) => differences([...path, name], before[name], after[name]));
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [{ path: path.join('.'), before, after, ...(reason === undefined ? {} : { reason }) }];
}

function reasonFor(path: readonly string[], before: unknown, after: unknown): string | undefined {
  const wild = path[1] === 'Networks' && path.length > 2 ? path.map((name, at) => (at === 2 ? '*' : name)) : path;
  const key = wild.join('.');
  const explanation = Object.hasOwn(explained, key) ? explained[key] : undefined;
  return typeof explanation === 'function' ? explanation(before, after) : explanation;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
