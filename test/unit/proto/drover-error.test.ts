import { status } from '@grpc/grpc-js';
import test from 'ava';
import { DroverError, fromFailure, fromStatus, toDroverError, toFailure, toStatus } from '../../../proto/index.ts';

test('an error of ours stays what it is, and survives a message', (t) => {
  const error = new DroverError('UNMOVABLE', 'It uses io_uring.', { details: { node: 'edge-1' } });
  t.is(toDroverError(error), error);
  t.like(fromFailure(toFailure(error)), {
    code: 'UNMOVABLE',
    message: 'It uses io_uring.',
    details: { node: 'edge-1' },
  });
});

test('what a deadline aborts with is a timeout, everywhere', async (t) => {
  const { reason } = await new Promise<AbortSignal>((resolve) => {
    const signal = AbortSignal.timeout(1);
    const kept = setTimeout(() => undefined, 1000);
    signal.addEventListener('abort', () => {
      clearTimeout(kept);
      resolve(signal);
    });
  });
  t.is(toDroverError(reason).code, 'TIMEOUT');
  t.is(toFailure(reason).code, 'TIMEOUT');
  t.is(toStatus(reason).code, status.DEADLINE_EXCEEDED);
});

test('anything else is internal; a message carries its words, a status does not', (t) => {
  const error = new Error('disk full at /var/lib/secret');
  t.like(toFailure(error), { code: 'INTERNAL', message: 'disk full at /var/lib/secret' });
  t.is(toStatus(error).code, status.INTERNAL);
  t.notRegex(toStatus(error).details ?? '', /secret/);
});

test('an answer that cannot be decoded is a bad message of the one who sent it', (t) => {
  const details = 'Response message parsing error: index out of range';
  const error = Object.assign(new Error('x'), { code: status.INTERNAL, details, metadata: undefined });
  const seen = fromStatus(error, 'node edge-1');
  t.is(seen.code, 'BAD_MESSAGE');
  t.regex(seen.message, /^node edge-1 sent/);
});
