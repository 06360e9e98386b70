import { join } from 'node:path';
import { readOptional } from '../memory/read-optional.ts';

/** A socket that waits for clients. */
export interface ListeningSocket {
  readonly protocol: 'tcp' | 'udp';
  /** Dotted quad, or eight groups of hexadecimal digits without abbreviation. */
  readonly address: string;
  readonly port: number;
  /** The kernel's number of the socket, as in `socket:[N]` of /proc/PID/fd. */
  readonly inode: string;
}

const tables = [
  { file: 'tcp', protocol: 'tcp', state: '0A' },
  { file: 'tcp6', protocol: 'tcp', state: '0A' },
  // A UDP socket without a peer.
  { file: 'udp', protocol: 'udp', state: '07' },
  { file: 'udp6', protocol: 'udp', state: '07' },
] as const;

/** The sockets that listen in the network namespace of a process ("self" for one's own). */
export async function listeningSockets(process: number | 'self', procDir = '/proc'): Promise<ListeningSocket[]> {
  const lists = tables.map(async ({ file, protocol, state }) => {
    const text = (await readOptional(join(procDir, String(process), 'net', file))) ?? '';
    return parseSocketTable(text, state).map((socket) => ({ protocol, ...socket }));
  });
  return (await Promise.all(lists)).flat();
}

/** Local addresses of the sockets in this state, out of the text of /proc/net/tcp and its like. */
export function parseSocketTable(text: string, state: string): Omit<ListeningSocket, 'protocol'>[] {
  // Number, local address, remote address, state, queues, timer, retransmits, user, timeout, inode.
  const line = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ ([0-9A-F]{2}) \S+ \S+ \S+ +\d+ +\d+ (\d+) /gm;
  return [...text.matchAll(line)]
    .filter((found) => found[3] === state)
    .map(([, address = '', port = '', , inode = '']) => ({
      address: addressOf(address),
      port: Number.parseInt(port, 16),
      inode,
    }));
}

export function isWildcard(address: string): boolean {
  return /^[0.:]*$/.test(address);
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || /^(0{1,4}:){7}0{0,3}1$/.test(address) || /^(0{4}:){5}ffff:7f/.test(address);
}

// The kernel prints each 32-bit word in the byte order of the machine; all of Docker's machines are little-endian.
function addressOf(hex: string): string {
  const bytes = hex.match(/.{8}/g)?.flatMap((word) => word.match(/../g)?.reverse() ?? []) ?? [];
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.');
  return (bytes.join('').toLowerCase().match(/.{4}/g) ?? []).join(':');
}
