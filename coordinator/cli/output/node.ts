import { type Node, NodeState } from '../../../proto/index.ts';
import { humanSize, humanSpan, humanTime } from './human.ts';
import { portText } from './port.ts';
import { details, table } from './table.ts';

const stateWords = {
  [NodeState.UNSPECIFIED]: 'unknown',
  [NodeState.READY]: 'ready',
  [NodeState.CORDONED]: 'cordoned',
  [NodeState.DOWN]: 'down',
} as const satisfies Record<NodeState, string>;

/** A node as `nodes -o json` shows it. Unknown values are null. */
export function nodeJson(node: Node) {
  return {
    name: node.name,
    state: stateWords[node.state],
    pressure: node.pressure,
    memory_total_bytes: node.memory?.totalBytes ?? null,
    memory_available_bytes: node.memory?.availableBytes ?? null,
    psi_some_avg10: node.memory?.psiSomeAvg10 ?? null,
    workloads: node.workloads,
    age_ms: node.ageMs,
    engine: node.engine?.docker ?? null,
    criu: node.engine?.criu ?? null,
    arch: node.engine?.arch ?? null,
    kernel: node.engine?.kernel ?? null,
  };
}

/** A node as `node show -o json` shows it: the same, and all the rest. */
export function nodeDetailsJson(node: Node) {
  return {
    ...nodeJson(node),
    cordoned: node.cordoned,
    runc: node.engine?.runc ?? null,
    cpus: node.engine?.cpus ?? null,
    cgroup_version: node.engine?.cgroupVersion ?? null,
    storage_driver: node.engine?.storageDriver ?? null,
    shim_ready: node.engine?.shimReady ?? null,
    psi_full_avg10: node.memory?.psiFullAvg10 ?? null,
    swap_total_bytes: node.memory?.swapTotalBytes ?? null,
    swap_free_bytes: node.memory?.swapFreeBytes ?? null,
    disk_free_bytes: node.memory?.diskFreeBytes ?? null,
    transfer_address: node.transferAddress,
    agent_version: node.agentVersion,
    joined_at: node.joinedAt?.toISOString() ?? null,
    certificate_expires_at: node.certificateExpiresAt?.toISOString() ?? null,
    containers: node.containers.map((container) => ({
      container_id: container.containerId,
      name: container.name,
      image: container.image,
      state: container.state,
      memory_bytes: container.memoryBytes,
      workload: container.workload || null,
    })),
  };
}

/** The table of `drover nodes`. */
export function nodesTable(nodes: readonly Node[]): string {
  if (nodes.length === 0) return 'No nodes yet. `drover token create` prints the command that adds one.';
  return table(nodes, [
    { head: 'NAME', cell: (node) => node.name },
    { head: 'STATE', cell: (node) => stateWords[node.state] },
    { head: 'PRESSURE', cell: (node) => node.pressure },
    { head: 'MEMORY FREE', cell: memoryText },
    { head: 'PSI', cell: (node) => node.memory?.psiSomeAvg10?.toFixed(1) ?? '', align: 'right' },
    { head: 'WORKLOADS', cell: (node) => String(node.workloads), align: 'right' },
    { head: 'SEEN', cell: (node) => `${humanSpan(node.ageMs)} ago` },
    { head: 'ENGINE', cell: (node) => node.engine?.docker ?? '' },
    { head: 'CRIU', cell: (node) => node.engine?.criu ?? '' },
    { head: 'ARCH', cell: (node) => node.engine?.arch ?? '' },
    { head: 'KERNEL', cell: (node) => node.engine?.kernel ?? '' },
  ]);
}

/** The text of `drover node show`. */
export function nodeDetailsText(node: Node): string {
  const { memory, engine } = node;
  const facts = details([
    ['Name', node.name],
    ['State', stateWords[node.state]],
    ['Pressure', node.pressure],
    ['Last report', `${humanSpan(node.ageMs)} ago`],
    ['Memory free', memoryText(node)],
    ['Memory stall (PSI)', memory?.psiSomeAvg10 === undefined ? '' : `${memory.psiSomeAvg10.toFixed(1)} % of 10 s`],
    ['Swap free', memory ? `${humanSize(memory.swapFreeBytes)} of ${humanSize(memory.swapTotalBytes)}` : ''],
    ['Disk free', memory ? humanSize(memory.diskFreeBytes) : ''],
    ['Docker', engine?.docker ?? ''],
    ['runc', engine?.runc ?? ''],
    ['CRIU', engine?.criu ?? ''],
    ['Kernel', engine ? `${engine.kernel} ${engine.arch}, ${engine.cpus} CPUs, cgroup v${engine.cgroupVersion}` : ''],
    ['Runtime shim', engine?.shimReady ? 'ready' : 'missing: run `drover agent install` on the node'],
    ['Transfer address', node.transferAddress],
    ['Agent', node.agentVersion],
    ['Joined', humanTime(node.joinedAt)],
    ['Certificate until', humanTime(node.certificateExpiresAt)],
  ]);
  return node.containers.length === 0 ? facts : `${facts}\n\n${containersTable(node.containers)}`;
}

function containersTable(containers: Node['containers']): string {
  return table(containers, [
    { head: 'CONTAINER', cell: (container) => container.name },
    { head: 'WORKLOAD', cell: (container) => container.workload },
    { head: 'STATE', cell: (container) => container.state },
    { head: 'MEMORY', cell: (container) => humanSize(container.memoryBytes), align: 'right' },
    { head: 'IMAGE', cell: (container) => container.image },
    { head: 'PORTS', cell: (container) => container.ports.map(portText).join(', ') },
  ]);
}

function memoryText({ memory }: Node): string {
  return memory ? `${humanSize(memory.availableBytes)} of ${humanSize(memory.totalBytes)}` : '';
}
