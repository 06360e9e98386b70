import type { ContainerReport, MemoryReport } from '../../proto/index.ts';
import type { ContainerInspectInfo, ContainerSummary, Engine } from '../docker/engine-port.ts';
import type { Ledger } from '../workloads/ledger.ts';

/** What reporting needs. */
export interface ReportDependencies {
  readonly engine: Pick<Engine, 'list' | 'inspect'>;
  readonly ledger: Pick<Ledger, 'ofContainer'>;
  /** Memory of one container in bytes, 0 when it has no cgroup. */
  readonly containerMemory: (container: { id: string; pid: number }) => Promise<number>;
  readonly nodeMemory: () => Promise<MemoryReport>;
  /** Sentences that say why a container cannot be moved. */
  readonly reasons: (inspect: ContainerInspectInfo) => Promise<readonly string[]>;
  /** Containers whose lock Docker holds while a restore waits; asking for them would wait as well. */
  readonly isBusy: (containerId: string) => boolean;
}

/** What this node has to say about itself and its containers. */
export interface Reports {
  memory(): Promise<MemoryReport>;
  containers(): Promise<ContainerReport[]>;
  ofContainer(containerId: string): Promise<ContainerReport | undefined>;
  /** Something happened to a container, or, without one, to any: what was known of it does not count any more. */
  forget(containerId?: string): void;
}

interface Known {
  readonly state: string;
  readonly inspect: ContainerInspectInfo;
  readonly reasons: readonly string[];
  /** Monotonic, in milliseconds. */
  readonly atMs: number;
}

// What a program opens, such as sockets, makes no event.
const knownForMs = 30_000;

/** Reports that ask Docker about a container only when it changed, since a Raspberry Pi pays for every inspect. */
export function createReports(dependencies: ReportDependencies): Reports {
  const { engine, ledger, containerMemory, nodeMemory, reasons, isBusy } = dependencies;
  const known = new Map<string, Known>();
  let changes = 0;
  let underWay: Promise<unknown> = Promise.resolve();
  return { memory: nodeMemory, containers, ofContainer, forget };

  function forget(containerId?: string): void {
    changes += 1;
    if (containerId === undefined) known.clear();
    else known.delete(containerId);
  }

  function containers(): Promise<ContainerReport[]> {
    const report = allContainers();
    underWay = report.catch(() => undefined);
    return report;
  }

  async function allContainers(): Promise<ContainerReport[]> {
    const list = await engine.list();
    const present = new Set(list.map(({ id }) => id));
    for (const id of known.keys()) if (!present.has(id)) known.delete(id);
    const reports: ContainerReport[] = [];
    for (const summary of list) reports.push(await report(summary));
    return reports;
  }

  async function ofContainer(containerId: string): Promise<ContainerReport | undefined> {
    forget(containerId);
    // A report that was begun before something happened must not be the later one to arrive.
    await underWay;
    const summary = (await engine.list()).find(({ id }) => id === containerId);
    return summary && report(summary);
  }

  async function report(summary: ContainerSummary): Promise<ContainerReport> {
    const held = ledger.ofContainer(summary.id);
    const details = isBusy(summary.id) ? undefined : await lookAt(summary);
    return {
      containerId: summary.id,
      name: summary.name,
      image: summary.image,
      imageId: summary.imageId,
      state: summary.state,
      ports: summary.ports,
      labels: summary.labels,
      workload: held?.workload ?? '',
      epoch: held?.epoch ?? 0,
      memoryBytes: details?.memoryBytes ?? 0,
      reasons: details?.reasons ?? ['It is being restored.'],
    };
  }

  async function lookAt(
    summary: ContainerSummary,
  ): Promise<{ memoryBytes: number; reasons: readonly string[] } | undefined> {
    for (const fresh of [false, true]) {
      const details = await detailsOf(summary, fresh);
      if (details === undefined) return undefined;
      const memoryBytes = await containerMemory({ id: summary.id, pid: details.inspect.State.Pid });
      // No memory means that what we knew is of an earlier life of the container.
      if (memoryBytes > 0 || summary.state !== 'running' || fresh) return { memoryBytes, reasons: details.reasons };
    }
    return undefined;
  }

  async function detailsOf(summary: ContainerSummary, fresh: boolean): Promise<Known | undefined> {
    const before = known.get(summary.id);
    const atMs = performance.now();
    if (!fresh && before?.state === summary.state && atMs - before.atMs < knownForMs) return before;
    const seen = changes;
    try {
      const inspect = await engine.inspect(summary.id);
      const now = { state: summary.state, inspect, reasons: await reasons(inspect), atMs };
      // Something may have happened while Docker was asked.
      if (seen === changes) known.set(summary.id, now);
      return now;
    } catch {
      // It went away between the list and the question; the next list will not have it.
      return undefined;
    }
  }
}
