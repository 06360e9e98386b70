import { DroverError, toDroverError } from '../../proto/index.ts';
import type { WorkloadRecord, WorkloadRegistry } from './registry.ts';

export interface Effect {
  /** Makes the container on the node. */
  readonly effect: () => Promise<Pick<WorkloadRecord, 'containerId' | 'image'>>;
  /** Takes back what the effect may have done; absent containers are fine. */
  readonly undo: () => Promise<unknown>;
}

/**
 * Brings a record that was just written and its effect together. When the effect failed the record goes; when it is not
 * known whether it failed, it is undone, and only if that is not possible either the record stays, so that nothing runs that
 * the registry does not know.
 */
export async function settleRecord(
  record: WorkloadRecord,
  workloads: Pick<WorkloadRegistry, 'setContainer' | 'remove'>,
  { effect, undo }: Effect,
): Promise<WorkloadRecord> {
  try {
    const { containerId, image } = await effect();
    return await workloads.setContainer(record.name, { containerId, image });
  } catch (error) {
    const failure = toDroverError(error);
    if (isUnsure(failure) && !(await succeeds(undo))) throw leftBehind(record, failure);
    await workloads.remove(record.name);
    throw failure;
  }
}

// In these cases the node may have done it all the same.
function isUnsure({ code }: DroverError): boolean {
  return code === 'AGENT_LOST' || code === 'TIMEOUT' || code === 'CANCELLED' || code === 'BAD_MESSAGE';
}

async function succeeds(undo: () => Promise<unknown>): Promise<boolean> {
  return undo().then(
    () => true,
    () => false,
  );
}

function leftBehind({ name, node }: WorkloadRecord, failure: DroverError): DroverError {
  const message = `${node} was lost before it was known whether ${name} runs there; look at "drover ps" when it is back, or remove it with "drover rm ${name}".`;
  return new DroverError(failure.code, message, { details: { ...failure.details, workload: name }, cause: failure });
}
