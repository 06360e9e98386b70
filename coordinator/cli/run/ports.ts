import { badFlag } from './bad-flag.ts';

/** Docker's ExposedPorts and PortBindings. */
export interface PortSettings {
  readonly exposed: Record<string, Record<string, never>>;
  readonly bindings: Record<string, { HostIp: string; HostPort: string }[]>;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

const form = /^(?:(?:\[([0-9a-f:.%]+)\]|(\d+(?:\.\d+){3})):([\d-]*):|([\d-]*):)?([\d-]+)(?:\/(tcp|udp|sctp))?$/i;

/** Translates --publish and --expose. */
export function ports(publish: readonly string[], expose: readonly string[]): PortSettings {
  const settings: PortSettings = { exposed: {}, bindings: {} };
  for (const text of publish) addPublished(settings, text);
  for (const text of expose) addExposed(settings, text);
  return settings;
}

function addPublished({ exposed, bindings }: PortSettings, text: string): void {
  const match = form.exec(text);
  if (match === null) throw notPorts('publish', text);
  const [, ipv6, ipv4, boundText = '', freeText = '', containerText = '', protocol = 'tcp'] = match;
  const hostText = boundText || freeText;
  const container = range('publish', text, containerText);
  const host = hostText === '' ? undefined : range('publish', text, hostText);
  if (host && length(container) > 1 && length(host) !== length(container)) {
    throw badFlag('publish', text, 'both ranges must have the same length');
  }
  for (let at = 0; at < length(container); at++) {
    const key = `${container.first + at}/${protocol.toLowerCase()}`;
    exposed[key] = {};
    bindings[key] = [...(bindings[key] ?? []), { HostIp: ipv6 ?? ipv4 ?? '', HostPort: hostPort(host, container, at) }];
  }
}

// Several host ports for one container port mean "any free one of these", which the engine picks.
function hostPort(host: Range | undefined, container: Range, at: number): string {
  if (host === undefined) return '';
  if (length(container) === 1 && length(host) > 1) return `${host.first}-${host.last}`;
  return String(host.first + at);
}

function addExposed({ exposed }: PortSettings, text: string): void {
  const [, portText, protocol = 'tcp'] = /^([\d-]+)(?:\/(tcp|udp|sctp))?$/i.exec(text) ?? [];
  if (portText === undefined) throw notPorts('expose', text);
  const { first, last } = range('expose', text, portText);
  for (let port = first; port <= last; port++) exposed[`${port}/${protocol.toLowerCase()}`] = {};
}

function range(flag: string, whole: string, text: string): Range {
  const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (first >= 1 && last <= 65_535 && first <= last) return { first, last };
  throw notPorts(flag, whole);
}

function length({ first, last }: Range): number {
  return last - first + 1;
}

function notPorts(flag: string, text: string): Error {
  return badFlag(
    flag,
    text,
    flag === 'publish' ? 'write for example 8080:80 or 127.0.0.1:8080:80/udp' : 'write for example 80/tcp',
  );
}
