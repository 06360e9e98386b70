import type { StreamLogsRequest, StreamLogsResponse } from '../../proto/index.ts';
import type { WorkloadsApiOptions } from './workloads-api.ts';

type Options = Pick<WorkloadsApiOptions, 'workloads' | 'agents' | 'outputs' | 'timeouts'>;

/** The output of a workload, read from its node only as fast as the caller takes it. */
export async function* streamLogs(
  { workload, follow, tail }: StreamLogsRequest,
  signal: AbortSignal,
  { workloads, agents, outputs, timeouts }: Options,
): AsyncGenerator<StreamLogsResponse> {
  const { node } = workloads.require(workload);
  const timeoutMs = timeouts.commandMs;
  const output = outputs.expect(node, { timeoutMs, signal });
  try {
    const value = { streamId: output.streamId, workload, follow, tail };
    // Not awaited: an agent may answer before or after it has sent the output; only a failure matters here.
    agents.send(node, { $case: 'followLogs', value }, { timeoutMs, signal }).catch(output.fail);
    for await (const { stream, data } of output.read()) yield { stream, data };
  } finally {
    output.close();
  }
}
