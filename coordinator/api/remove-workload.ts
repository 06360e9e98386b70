import { DroverError } from '../../proto/index.ts';
import type { WorkloadsApiOptions } from './workloads-api.ts';

type Options = Pick<WorkloadsApiOptions, 'workloads' | 'agents' | 'events' | 'timeouts'>;

/** Removes the container, then the record: what the registry forgets no longer runs. A dry run only checks. */
export async function removeWorkload(name: string, dryRun: boolean, options: Options): Promise<void> {
  const { workloads, agents, events, timeouts } = options;
  const { node, epoch } = workloads.require(name);
  const release = workloads.hold(name);
  try {
    if (!agents.isConnected(node)) throw unreachable(name, node);
    if (dryRun) return;
    const body = { $case: 'removeContainer', value: { workload: name, epoch } } as const;
    await agents.send(node, body, { timeoutMs: timeouts.commandMs });
    await workloads.remove(name);
  } finally {
    release();
  }
  await events.record({ type: 'workload.removed', node, workload: name, message: `${name} was removed from ${node}.` });
}

function unreachable(name: string, node: string): DroverError {
  const message = `${name} is on ${node}, which is down; its container can be removed when the node is back.`;
  return new DroverError('NODE_DOWN', message, { details: { workload: name, node } });
}
