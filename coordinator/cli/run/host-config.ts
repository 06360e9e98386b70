import type Docker from 'dockerode';
import type { RunSources } from './create-body.ts';
import { readText, strictKeyValues } from './key-values.ts';
import { mount, tmpfs, volumes } from './mounts.ts';
import { ports } from './ports.ts';
import { nanoCpus, size, sizeOrUnlimited, whole } from './quantities.ts';
import type { RunFlags } from './run-flags.ts';
import { device, extraHost, pidsLimit, restartPolicy, ulimit } from './small-settings.ts';
import { withoutEmpty } from './without-empty.ts';

const openPaths = 'systempaths=unconfined';

/** Translates the flags that become Docker's HostConfig. */
export function hostConfig(flags: RunFlags, sources: RunSources): Docker.HostConfig {
  const settings: Docker.HostConfig = withoutEmpty({
    ...limits(flags),
    ...rights(flags, sources),
    ...namespaces(flags),
    ...names(flags),
    ...storage(flags),
    PortBindings: ports(flags.publish ?? [], []).bindings,
    PublishAllPorts: flags.publishAll,
    RestartPolicy: read(flags.restart, restartPolicy),
    Init: flags.init,
    LogConfig: logConfig(flags),
  });
  // Docker's own program translates this option as well; the engine does not know it.
  return flags.securityOpt?.includes(openPaths) ? { ...settings, MaskedPaths: [], ReadonlyPaths: [] } : settings;
}

function limits(flags: RunFlags) {
  return {
    Memory: read(flags.memory, (text) => size('memory', text)),
    MemorySwap: read(flags.memorySwap, (text) => sizeOrUnlimited('memory-swap', text)),
    MemoryReservation: read(flags.memoryReservation, (text) => size('memory-reservation', text)),
    NanoCpus: read(flags.cpus, nanoCpus),
    CpuShares: read(flags.cpuShares, (text) => whole('cpu-shares', text, { min: 0, max: 262_144 })),
    CpusetCpus: flags.cpusetCpus,
    CpusetMems: flags.cpusetMems,
    PidsLimit: read(flags.pidsLimit, pidsLimit),
    OomScoreAdj: read(flags.oomScoreAdj, (text) => whole('oom-score-adj', text, { min: -1_000, max: 1_000 })),
    OomKillDisable: flags.oomKillDisable,
    Ulimits: flags.ulimit?.map(ulimit),
    ShmSize: read(flags.shmSize, (text) => size('shm-size', text)),
  };
}

function rights(flags: RunFlags, sources: RunSources) {
  const options = (flags.securityOpt ?? []).filter((option) => option !== openPaths);
  return {
    Privileged: flags.privileged,
    ReadonlyRootfs: flags.readOnly,
    CapAdd: flags.capAdd,
    CapDrop: flags.capDrop,
    GroupAdd: flags.groupAdd,
    Devices: flags.device?.map(device),
    Sysctls: strictKeyValues('sysctl', flags.sysctl ?? []),
    SecurityOpt: options.map((text) => securityOption(text, sources)),
  };
}

// The engine wants a seccomp profile itself, not the name of a file that lies here.
function securityOption(text: string, { readFile }: RunSources): string {
  const [, profile] = /^seccomp[=:](.+)$/.exec(text) ?? [];
  if (profile === undefined || profile === 'unconfined' || profile === 'builtin') return text;
  return `seccomp=${readText('security-opt', profile, readFile)}`;
}

function namespaces(flags: RunFlags) {
  return {
    IpcMode: flags.ipc,
    PidMode: flags.pid,
    UsernsMode: flags.userns,
    UTSMode: flags.uts,
    CgroupnsMode: flags.cgroupns,
    NetworkMode: flags.network?.[0],
  };
}

function names(flags: RunFlags) {
  return {
    Dns: flags.dns,
    DnsSearch: flags.dnsSearch,
    DnsOptions: flags.dnsOption,
    ExtraHosts: flags.addHost?.map(extraHost),
  };
}

function storage(flags: RunFlags) {
  return {
    Binds: volumes(flags.volume ?? []).binds,
    Mounts: flags.mount?.map(mount),
    Tmpfs: tmpfs(flags.tmpfs ?? []),
  };
}

function logConfig({ logDriver, logOpt = [] }: RunFlags) {
  if (logDriver === undefined && logOpt.length === 0) return undefined;
  return { Type: logDriver ?? '', Config: strictKeyValues('log-opt', logOpt) };
}

function read<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}
