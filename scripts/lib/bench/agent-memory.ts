import { readFile } from 'node:fs/promises';
import type { LabNodes } from '../tour/lab-nodes.ts';

/** Watches the resident memory of the node agents. */
export interface AgentMemory {
  /** Highest resident size of each node's agent since the last call, in bytes. Rejects when an agent has ended. */
  take(): Promise<ReadonlyMap<string, number>>;
  stop(): void;
}

const everyMs = 50;

/** Samples the agents of a lab every 50 ms. Children of theirs (runc, CRIU) do not count. */
export async function watchAgentMemory(lab: LabNodes): Promise<AgentMemory> {
  const files = await Promise.all(lab.names.map((node) => statusFile(lab, node)));
  let peaks = new Map<string, number>();
  let trouble: unknown;
  const sample = async () => {
    for (const [at, node] of lab.names.entries()) {
      const bytes = residentBytes(await readFile(files[at] ?? '', 'utf8'));
      peaks.set(node, Math.max(bytes, peaks.get(node) ?? 0));
    }
  };
  const timer = setInterval(() => {
    sample().catch((error: unknown) => {
      trouble ??= error;
    });
  }, everyMs);
  return {
    async take() {
      if (trouble !== undefined) throw new Error('an agent has ended during the measurement', { cause: trouble });
      await sample();
      const taken = peaks;
      peaks = new Map();
      return taken;
    },
    stop: () => clearInterval(timer),
  };
}

// The lab writes process ids as the node sees them; so does the node's own /proc, reached through its PID 1.
async function statusFile(lab: LabNodes, node: string): Promise<string> {
  const init = await firstWord(`${lab.directory(node)}/init.pid`);
  const agent = await firstWord(`/proc/${init}/root/run/drover-lab/agent.pid`);
  return `/proc/${init}/root/proc/${agent}/status`;
}

async function firstWord(file: string): Promise<string> {
  const [word = ''] = (await readFile(file, 'utf8')).split(' ');
  return word;
}

function residentBytes(status: string): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  if (kib === undefined) throw new Error('the kernel says nothing of the resident size');
  return Number(kib) * 1024;
}
