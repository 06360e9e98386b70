import type Docker from 'dockerode';
import { badFlag } from './bad-flag.ts';
import { whole } from './quantities.ts';

/** Translates --restart. */
export function restartPolicy(text: string): Docker.HostRestartPolicy {
  const [, name, count] = /^(no|always|unless-stopped|on-failure)(?::(\d+))?$/.exec(text) ?? [];
  if (name === undefined || (count !== undefined && name !== 'on-failure')) {
    throw badFlag('restart', text, 'write no, always, unless-stopped or on-failure[:N]');
  }
  return { Name: name, MaximumRetryCount: Number(count ?? 0) };
}

/** Translates --ulimit. */
export function ulimit(text: string): { Name: string; Soft: number; Hard: number } {
  const [, name, soft, hard = soft] = /^([a-z]+)=(-1|\d+)(?::(-1|\d+))?$/.exec(text) ?? [];
  if (name === undefined) throw badFlag('ulimit', text, 'write for example nofile=1024:2048');
  const limit = { Name: name, Soft: Number(soft), Hard: Number(hard) };
  if (limit.Hard !== -1 && limit.Soft > limit.Hard) throw badFlag('ulimit', text, 'soft may not exceed hard');
  return limit;
}

/** Translates --device. */
export function device(text: string): Docker.DeviceMapping {
  const [host = '', second, third] = text.split(':');
  const secondIsRights = third === undefined && second !== undefined && /^[rwm]+$/.test(second);
  const rights = (secondIsRights ? second : third) ?? 'rwm';
  if (!host.startsWith('/') || !/^[rwm]{1,3}$/.test(rights) || text.split(':').length > 3) {
    throw badFlag('device', text, 'write /dev/NAME[:/dev/NAME[:rwm]]');
  }
  return { PathOnHost: host, PathInContainer: secondIsRights ? host : (second ?? host), CgroupPermissions: rights };
}

/** Translates --add-host, which Docker takes with `:` or `=`. */
export function extraHost(text: string): string {
  const [, name, address] = /^([^:=]+)[:=](.+)$/.exec(text) ?? [];
  if (name === undefined || address === undefined) throw badFlag('add-host', text, 'write NAME:ADDRESS');
  return `${name}:${address.replace(/^\[(.*)\]$/, '$1')}`;
}

/** Translates --pids-limit: 0 and -1 both mean any number. */
export function pidsLimit(text: string): number {
  return whole('pids-limit', text, { min: -1, max: 4_194_304 });
}
