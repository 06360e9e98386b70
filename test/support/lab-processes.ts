import { readFile } from 'node:fs/promises';
import { labExec } from './lab.ts';
import { untilTrue } from './until-true.ts';

const patienceMs = 20_000;

// In the node, where its process ids count. It ends early when there is no agent.
const endAgent = `read -r pid _ </run/drover-lab/agent.pid && kill -TERM "$pid" || exit 1
  i=0; while [ -e "/proc/$pid" ] && [ $i -lt 1000 ]; do i=$((i + 1)); sleep 0.02; done; [ ! -e "/proc/$pid" ]`;

/** Sends SIGTERM to the agent of a node; resolves with the milliseconds until it has ended. Rejects after 20 s. */
export async function terminateAgent(node: string): Promise<number> {
  const begun = performance.now();
  await labExec(node, 'sh', '-c', endAgent);
  return performance.now() - begun;
}

/** The same for the coordinator, which runs on this machine. */
export async function terminateCoordinator(): Promise<number> {
  const pid = Number.parseInt(await readFile(`${labDirectory()}/coordinator.pid`, 'utf8'), 10);
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
  if (!command.includes('coordinator')) throw new Error(`process ${pid} is no coordinator: ${command}`);
  const begun = performance.now();
  process.kill(pid, 'SIGTERM');
  await untilTrue(async () => !isAlive(pid), 'the coordinator has ended', patienceMs);
  return performance.now() - begun;
}

/** Where the lab of these tests keeps its files. */
export function labDirectory(): string {
  return `${process.env.DROVER_LAB_STATE ?? '/var/lib/drover-lab'}/${process.env.DROVER_LAB ?? 'lab'}`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
