import type { Readable } from 'node:stream';
import {
  type CallContext,
  type CheckpointTransferServiceServer,
  DroverError,
  type FetchImageRequest,
  type FetchImageResponse,
  type FetchRequest,
  type FetchResponse,
  type serverCalls,
  withDeadline,
} from '../../proto/index.ts';
import type { Offers } from './offers.ts';

/** What the transfer service needs. */
export interface TransferDependencies {
  readonly calls: ReturnType<typeof serverCalls>;
  readonly offers: Offers;
  /** How long a target may wait here for the freeze. Milliseconds. */
  readonly waitForFreezeMs: number;
  readonly saveImage: (imageOrId: string) => Promise<Readable>;
}

/** Serves checkpoints, and the images they need, to exactly the node that each was offered to. */
export function transferService(dependencies: TransferDependencies): CheckpointTransferServiceServer {
  const { calls } = dependencies;
  return {
    fetch: calls.serverStream((request: FetchRequest, context) => fetch(dependencies, request, context)),
    fetchImage: calls.serverStream((request: FetchImageRequest, context) => fetchImage(dependencies, request, context)),
  };
}

async function* fetch(
  { offers, waitForFreezeMs }: TransferDependencies,
  request: FetchRequest,
  context: CallContext,
): AsyncGenerator<FetchResponse> {
  const caller = callingNode(context);
  const items = await withDeadline(waitForFreezeMs, context.signal, (signal) => offers.take(caller, request, signal));
  for await (const item of items) {
    yield 'chunk' in item
      ? { body: { $case: 'chunk', value: item.chunk } }
      : { body: { $case: 'manifest', value: item.manifest } };
  }
}

async function* fetchImage(
  { offers, saveImage }: TransferDependencies,
  request: FetchImageRequest,
  context: CallContext,
): AsyncGenerator<FetchImageResponse> {
  offers.requireImage(callingNode(context), request);
  for await (const data of await saveImage(request.image === '' ? request.imageId : request.image)) {
    yield { data: data as Buffer };
  }
}

function callingNode(context: CallContext): string {
  const { role, name } = context.caller();
  if (role !== 'node') throw new DroverError('PERMISSION_DENIED', 'Only nodes may fetch checkpoints.');
  return name;
}
