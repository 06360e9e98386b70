import { Metadata, status } from '@grpc/grpc-js';
import test from 'ava';
import { fromStatus } from '../../../proto/index.ts';

const unavailable = (details: string) =>
  Object.assign(new Error(details), { code: status.UNAVAILABLE, details, metadata: new Metadata() });

const wrapped = (cause: string) => `No connection established. Last error: ${cause}. Resolution note: `;

for (const [title, details] of [
  ['as gRPC wraps it', wrapped('Error: connect ECONNREFUSED 127.0.0.1:1')],
  ['as it is', 'connect ECONNREFUSED 127.0.0.1:1'],
] as const) {
  test(`the sentence says why nobody answers, ${title}`, (t) => {
    const { code, message } = fromStatus(unavailable(details), 'the coordinator at 127.0.0.1:1');
    t.is(code, 'COORDINATOR_UNREACHABLE');
    t.is(message, 'Cannot reach the coordinator at 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1.');
  });
}

for (const cause of ['Error: self-signed certificate in certificate chain', 'unable to verify the first certificate']) {
  test(`a server of another cluster is named as such: ${cause}`, (t) => {
    const { code, message, retryable } = fromStatus(unavailable(wrapped(cause)), 'the coordinator');
    t.is(code, 'CA_MISMATCH');
    t.false(retryable);
    t.regex(message, /^What answers as the coordinator does not belong to the cluster/);
  });
}

test('a certificate that has expired is no other cluster', (t) => {
  const { code, message } = fromStatus(unavailable(wrapped('Error: certificate has expired')), 'the coordinator');
  t.is(code, 'COORDINATOR_UNREACHABLE');
  t.is(message, 'Cannot reach the coordinator: certificate has expired.');
});
