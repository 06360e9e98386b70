import { getEventListeners } from 'node:events';
import test from 'ava';
import { HandoverMailbox } from '../../../coordinator/migration/handover-mailbox.ts';
import { DroverError, type HandoverSignal } from '../../../proto/index.ts';
import { received, restored } from '../../support/migration-host.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

const never = new AbortController().signal;
const failed = {
  $case: 'failed',
  value: { code: 'CHUNK_CORRUPT', message: 'A chunk was altered.', details: { path: 'images/core-1.img' } },
} as const;

const mailbox = (progress: number[] = []) => new HandoverMailbox((bytes) => progress.push(bytes));

test('news that comes while someone waits reaches them', async (t) => {
  const box = mailbox();
  const news = box.next('received', never);
  box.deliver(received);
  t.deepEqual(await news, received.value);
});

test('news that comes before anyone waits for it is kept', async (t) => {
  const box = mailbox();
  for (const body of [received, restored]) box.deliver(body);
  t.deepEqual(await box.next('received', never), received.value);
  t.deepEqual(await box.next('restored', never), restored.value);
});

test('a wait for one thing does not end with another', async (t) => {
  const box = mailbox();
  let ended = false;
  const wait = box.next('restored', never).finally(() => {
    ended = true;
  });
  box.deliver(received);
  await Promise.resolve();
  t.false(ended);
  box.deliver(restored);
  await wait;
});

test('a failure reaches present and later waits, with its code, sentence and facts', async (t) => {
  const box = mailbox();
  const present = rejectionOf(box.next('received', never));
  box.deliver(failed);
  for (const error of [await present, await rejectionOf(box.next('restored', never))]) {
    t.like(error, { code: 'CHUNK_CORRUPT', message: 'A chunk was altered.', details: failed.value.details });
  }
});

test('a failure of a code that this version does not know is still a failure', async (t) => {
  const box = mailbox();
  box.deliver({ $case: 'failed', value: { code: 'FROM_THE_FUTURE', message: 'Something new.', details: {} } });
  t.like(await rejectionOf(box.next('received', never)), { code: 'INTERNAL', message: 'Something new.' });
});

test('what has come in whole counts, even when a failure came after it', async (t) => {
  const box = mailbox();
  for (const body of [received, failed]) box.deliver(body);
  t.deepEqual(await box.next('received', never), received.value);
  t.is((await rejectionOf(box.next('restored', never))).code, 'CHUNK_CORRUPT');
});

test('an abort ends the wait with its reason, before or while it waits', async (t) => {
  const box = mailbox();
  const reason = new DroverError('CANCELLED', 'It was cancelled.');
  const abort = new AbortController();
  const present = rejectionOf(box.next('received', abort.signal));
  abort.abort(reason);
  t.is(await present, reason);
  t.is(await rejectionOf(box.next('received', abort.signal)), reason);
});

test('a deadline is told as a timeout', async (t) => {
  const signal = AbortSignal.timeout(1);
  t.is((await rejectionOf(mailbox().next('received', signal))).code, 'TIMEOUT');
});

test('progress is passed on and ends no wait', async (t) => {
  const progress: number[] = [];
  const box = mailbox(progress);
  const abort = new AbortController();
  const wait = rejectionOf(box.next('received', abort.signal));
  const bytes = (bytesReceived: number): NonNullable<HandoverSignal['body']> => ({
    $case: 'progress',
    value: { bytesReceived },
  });
  for (const count of [10, 20]) box.deliver(bytes(count));
  t.deepEqual(progress, [10, 20]);
  abort.abort(new DroverError('CANCELLED', 'Enough.'));
  t.is((await wait).code, 'CANCELLED');
});

test('a wait that has ended leaves no listener on a long-lived signal', async (t) => {
  const box = mailbox();
  const { signal } = new AbortController();
  box.deliver(received);
  for (let n = 0; n < 3; n++) await box.next('received', signal);
  t.is(getEventListeners(signal, 'abort').length, 0);
});

test('whoever waits for a failure hears of one that came before', async (t) => {
  const box = mailbox();
  box.deliver(failed);
  t.is((await rejectionOf(box.failure(never))).code, 'CHUNK_CORRUPT');
});
