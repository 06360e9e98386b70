import type { MemoryReport, Port } from '../../proto/index.ts';
import { portConflict } from './port-conflict.ts';
import type { Pressure } from './pressure.ts';
import { reserveOf } from './pressure.ts';

/** One node of a snapshot of the fleet. */
export interface FleetNode {
  readonly name: string;
  readonly state: 'ready' | 'cordoned' | 'down';
  readonly pressure: Pressure;
  readonly memory?: MemoryReport;
  readonly arch: string;
  readonly cgroupVersion: string;
  readonly shimReady: boolean;
  /** Ports published by what runs there. */
  readonly ports: readonly Port[];
  /** Moves on their way to it, and the bytes that they will need. */
  readonly inbound: { readonly moves: number; readonly bytes: number };
}

/** What a workload asks of a node. */
export interface Need {
  readonly workload: string;
  readonly memoryBytes: number;
  readonly ports: readonly Port[];
  /** Node that it leaves, which is therefore no target. */
  readonly leaves?: string;
  /** Absent when any will do, as for a container that has not run yet. */
  readonly arch?: string;
  readonly cgroupVersion?: string;
  /**
   * 'operator' (default): a person asked, so a node may be watched and needs 12 % headroom afterwards.
   * 'balance': nobody asked, so only a node without any pressure that keeps 22 %.
   */
  readonly urgency?: 'operator' | 'balance';
}

export type Numbers = Readonly<Record<string, number>>;

export interface Rejection {
  readonly node: string;
  /** One clause, e.g. "it is cordoned". */
  readonly why: string;
  readonly numbers: Numbers;
}

/** A decision that explains itself. */
export interface TargetChoice {
  readonly chosen?: string;
  /** One sentence. */
  readonly reason: string;
  /** Nodes that fit, best first, with their numbers. */
  readonly fitting: readonly { readonly node: string; readonly numbers: Numbers }[];
  readonly rejected: readonly Rejection[];
}

/** Chooses the node with the most headroom left of those on which the workload fits. Pure. */
export function chooseTarget(fleet: readonly FleetNode[], need: Need): TargetChoice {
  const verdicts = fleet.map((node) => ({ node, numbers: numbersOf(node, need), why: whyNot(node, need) }));
  const fitting = verdicts.filter(({ why }) => why === undefined).sort((a, b) => rank(a, b, need.workload));
  const rejected = verdicts.flatMap(({ node, numbers, why }) =>
    why === undefined ? [] : [{ node: node.name, why, numbers }],
  );
  const best = fitting[0];
  return {
    ...(best ? { chosen: best.node.name } : {}),
    reason: best ? reasonFor(best) : reasonForNone(rejected),
    fitting: fitting.map(({ node, numbers }) => ({ node: node.name, numbers })),
    rejected,
  };
}

/** Why a node cannot take the workload, as one clause; undefined when it can. */
export function whyNot(node: FleetNode, need: Need): string | undefined {
  return unfit(node, need) ?? incompatible(node, need) ?? tooSmall(node, need);
}

// A restored process and its page tables need somewhat more than it needed at the source.
const growth = 1.15;
const floors = { operator: 0.12, balance: 0.22 } as const;
const welcome: Record<'operator' | 'balance', readonly Pressure[]> = { operator: ['ok', 'watch'], balance: ['ok'] };

function unfit(node: FleetNode, need: Need): string | undefined {
  if (node.name === need.leaves) return 'it is there already';
  if (node.state !== 'ready') return `it is ${node.state}`;
  if (!welcome[need.urgency ?? 'operator'].includes(node.pressure)) return `its memory is ${node.pressure}`;
  if (node.inbound.moves > 0) return 'another move is on its way to it';
  return undefined;
}

function incompatible(node: FleetNode, need: Need): string | undefined {
  if (!node.shimReady) return "Drover's runtime is not installed there";
  if (need.arch !== undefined && node.arch !== need.arch) return `its processor is ${node.arch}, not ${need.arch}`;
  if (need.cgroupVersion !== undefined && node.cgroupVersion !== need.cgroupVersion) {
    return `it uses cgroup v${node.cgroupVersion}, not v${need.cgroupVersion}`;
  }
  const taken = portConflict(node.ports, need.ports);
  return taken && `port ${taken.hostPort}/${taken.protocol} is taken there`;
}

function tooSmall(node: FleetNode, need: Need): string | undefined {
  const {
    headroom,
    headroom_floor: floor,
    disk_free_bytes: disk,
    disk_needed_bytes: diskNeeded,
  } = numbersOf(node, need);
  // Negated, so that a number that is none counts as too little.
  if (!(headroom >= floor)) {
    return `it would keep ${percent(headroom)} of its memory free, less than ${percent(floor)}`;
  }
  if (!(disk >= diskNeeded)) return `its disk has ${mib(disk)} free, less than ${mib(diskNeeded)}`;
  return undefined;
}

function numbersOf(node: FleetNode, need: Need) {
  const total = node.memory?.totalBytes ?? 0;
  const reserve = reserveOf(total);
  const free = (node.memory?.availableBytes ?? 0) - reserve - node.inbound.bytes;
  const wanted = need.memoryBytes * growth;
  return {
    free_bytes: Math.round(free),
    needed_bytes: Math.round(wanted),
    headroom: total > 0 ? (free - wanted) / (total - reserve) : -1,
    headroom_floor: floors[need.urgency ?? 'operator'],
    disk_free_bytes: node.memory?.diskFreeBytes ?? 0,
    disk_needed_bytes: Math.round(need.memoryBytes * 1.1),
  };
}

type Verdict = { readonly node: FleetNode; readonly numbers: ReturnType<typeof numbersOf> };

function rank(a: Verdict, b: Verdict, workload: string): number {
  return b.numbers.headroom - a.numbers.headroom || spread(workload, a.node.name) - spread(workload, b.node.name);
}

// Equal nodes are told apart per workload, so that many workloads do not all pick the same one.
function spread(workload: string, node: string): number {
  let hash = 0x811c9dc5;
  for (const char of `${workload}/${node}`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}

function reasonFor({ node, numbers }: Verdict): string {
  return `${node.name} keeps the most memory free: ${percent(numbers.headroom)} afterwards.`;
}

function reasonForNone(rejected: readonly Rejection[]): string {
  if (rejected.length === 0) return 'There is no other node.';
  return `No node can take it: ${rejected.map(({ node, why }) => `${node}: ${why}`).join('; ')}.`;
}

function percent(ratio: number): string {
  return `${Math.round(ratio * 100)} %`;
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
