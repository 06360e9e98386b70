import test from 'ava';
import { createOutgoing, type Outgoing } from '../../../node-agent/session/outgoing.ts';
import { type ConnectRequest, HandoverSignal } from '../../../proto/index.ts';

const progress = (bytesReceived: number) =>
  HandoverSignal.fromPartial({ migrationId: 'm1', body: { $case: 'progress', value: { bytesReceived } } });
const restored = HandoverSignal.fromPartial({
  migrationId: 'm1',
  body: { $case: 'restored', value: { restoreMs: 1 } },
});
const result = (commandId: string) => ({ commandId, outcome: undefined });

test('what was queued while disconnected is sent in order', async (t) => {
  const outgoing = createOutgoing({ monotonicMs: () => 0 });
  outgoing.result(result('a'));
  outgoing.signal(restored);
  outgoing.result(result('b'));
  t.deepEqual(await sent(outgoing, 3), ['a', 'restored', 'b']);
});

test('of progress only the latest is kept', async (t) => {
  const outgoing = createOutgoing({ monotonicMs: () => 0 });
  outgoing.signal(progress(1));
  outgoing.signal(progress(2));
  outgoing.result(result('a'));
  t.deepEqual(await sent(outgoing, 2), ['progress 2', 'a']);
});

test('what a broken session sent last is sent again before anything new, except progress', async (t) => {
  const outgoing = createOutgoing({ monotonicMs: () => 0 });
  outgoing.signal(progress(1));
  outgoing.signal(restored);
  await sent(outgoing, 2);
  outgoing.result(result('new'));
  outgoing.rewind(1000);
  t.deepEqual(await sent(outgoing, 2), ['restored', 'new']);
});

test('what was sent long before the session broke is not sent again', async (t) => {
  let now = 0;
  const outgoing = createOutgoing({ monotonicMs: () => now });
  outgoing.result(result('old'));
  await sent(outgoing, 1);
  now = 1001;
  outgoing.rewind(1000);
  outgoing.result(result('new'));
  t.deepEqual(await sent(outgoing, 1), ['new']);
});

test('the queue is bounded and drops the oldest', async (t) => {
  const outgoing = createOutgoing({ monotonicMs: () => 0, capacity: 2 });
  for (const id of ['a', 'b', 'c']) outgoing.result(result(id));
  t.deepEqual(await sent(outgoing, 2), ['b', 'c']);
});

test('a waiting session ends when it is stopped', async (t) => {
  const stop = new AbortController();
  const next = createOutgoing({ monotonicMs: () => 0 })
    .messages(stop.signal)
    [Symbol.asyncIterator]()
    .next();
  stop.abort();
  t.true((await next).done);
});

async function sent(outgoing: Outgoing, count: number): Promise<string[]> {
  const stop = new AbortController();
  const words: string[] = [];
  for await (const message of outgoing.messages(stop.signal)) {
    words.push(wordOf(message));
    if (words.length === count) stop.abort();
  }
  return words;
}

function wordOf({ body }: ConnectRequest): string {
  if (body?.$case === 'result') return body.value.commandId;
  if (body?.$case !== 'signal') return 'other';
  const news = body.value.body;
  return news?.$case === 'progress' ? `progress ${news.value.bytesReceived}` : String(news?.$case);
}
