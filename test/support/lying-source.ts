import { Server } from '@grpc/grpc-js';
import type { ExecutionContext } from 'ava';
import { PeerConnection } from '../../node-agent/transfer/fetch-checkpoint.ts';
import {
  CheckpointTransferServiceService,
  FetchResponse,
  RenewableServerCredentials,
  serverOptions,
} from '../../proto/index.ts';
import { facts } from './checkpoint-files.ts';
import { issuedCertificates } from './issued-certificates.ts';
import { listen, temporaryDirectory } from './tls.ts';

/** Fetches a checkpoint from a server with a good certificate that sends these messages; bytes are sent as they are. */
export async function fetchFromLiar(t: ExecutionContext, responses: readonly (FetchResponse | Buffer)[]) {
  const { issue } = await issuedCertificates();
  const server = new Server({ ...serverOptions, 'grpc.max_send_message_length': -1 });
  const { fetch } = CheckpointTransferServiceService;
  const responseSerialize = (response: FetchResponse | Buffer) =>
    Buffer.isBuffer(response) ? response : Buffer.from(FetchResponse.encode(response).finish());
  server.addService(
    { fetch: { ...fetch, responseSerialize } },
    {
      fetch: (call: { write(response: unknown): void; end(): void }) => {
        for (const response of responses) call.write(response);
        call.end();
      },
    },
  );
  const port = await listen(server, new RenewableServerCredentials(await issue({ role: 'node', name: 'edge-1' })));
  const tls = await issue({ role: 'node', name: 'edge-2' });
  const peer = new PeerConnection({ node: 'edge-1', address: `127.0.0.1:${port}` }, tls);
  t.teardown(() => {
    peer.close();
    server.forceShutdown();
  });
  const directory = await temporaryDirectory(t);
  const request = { ...facts, migrationId: 'm-1', directory, maxBytes: 2 ** 30, onProgress: () => undefined };
  return { directory, result: peer.fetchCheckpoint(request, new AbortController().signal) };
}
