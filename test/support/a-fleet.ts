import type { FleetNode, Need } from '../../coordinator/policy/choose-target.ts';
import type { ContainerReport, MemoryReport } from '../../proto/index.ts';

export const mib = 2 ** 20;

/** A memory report of a 1 GiB device with half of it available and no stalls. */
export function aMemory(changes: Partial<MemoryReport> = {}): MemoryReport {
  return {
    totalBytes: 1024 * mib,
    availableBytes: 512 * mib,
    psiSomeAvg10: 0,
    psiFullAvg10: 0,
    swapTotalBytes: 0,
    swapFreeBytes: 0,
    diskFreeBytes: 8192 * mib,
    ...changes,
  };
}

/** A node that can take a workload. */
export function aNode(changes: Partial<FleetNode> = {}): FleetNode {
  return {
    name: 'edge-1',
    state: 'ready',
    pressure: 'ok',
    memory: aMemory(),
    arch: 'x86_64',
    cgroupVersion: '2',
    shimReady: true,
    ports: [],
    inbound: { moves: 0, bytes: 0 },
    ...changes,
  };
}

/** A workload that fits on `aNode()`. */
export function aNeed(changes: Partial<Need> = {}): Need {
  return { workload: 'web', memoryBytes: 64 * mib, ports: [], ...changes };
}

/** A running container that Drover does not manage. */
export function aContainer(changes: Partial<ContainerReport> = {}): ContainerReport {
  return {
    containerId: 'c0ffee000001',
    name: 'web',
    image: 'drover/fn-node:latest',
    state: 'running',
    memoryBytes: 50 * mib,
    ports: [],
    workload: '',
    epoch: 0,
    reasons: [],
    labels: {},
    imageId: 'sha256:1',
    ...changes,
  };
}
