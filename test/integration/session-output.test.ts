import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { DroverError, type SendOutputRequest } from '../../proto/index.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { startSessionHost } from '../support/session-host.ts';
import { startAgent } from '../support/test-agent.ts';

const never = new AbortController().signal;

test('output flows from the agent to its reader, and its end with it', async (t) => {
  const host = await startSessionHost();
  const agent = await startAgent(t, host, 'edge-1');
  const output = host.outputs.expect('edge-1', { timeoutMs: 5000, signal: never });
  const sending = agent.sendOutput(output.streamId, () => lines(3), never);
  t.deepEqual(await textOf(output.read()), ['line 1', 'line 2', 'line 3']);
  await t.notThrowsAsync(sending);
});

test('an error at the agent is the last thing that its reader sees', async (t) => {
  const host = await startSessionHost();
  const agent = await startAgent(t, host, 'edge-1');
  const output = host.outputs.expect('edge-1', { timeoutMs: 5000, signal: never });
  const sending = agent.sendOutput(output.streamId, () => failing(), never).catch(() => undefined);
  t.is((await rejectionOf(textOf(output.read()))).code, 'CONTAINER_NOT_FOUND');
  await sending;
});

test('a reader that goes away ends the output of the agent', async (t) => {
  const host = await startSessionHost();
  const agent = await startAgent(t, host, 'edge-1');
  const reader = new AbortController();
  const output = host.outputs.expect('edge-1', { timeoutMs: 5000, signal: reader.signal });
  let stopped = false;
  const sending = agent.sendOutput(output.streamId, (signal) => endless(signal, () => (stopped = true)), never);
  const outcome = rejectionOf(sending);
  for await (const message of output.read()) {
    if (message.data.length > 0) break;
  }
  reader.abort();
  t.is((await outcome).code, 'CANCELLED');
  t.true(stopped);
});

test('output that is not read is not produced', async (t) => {
  const host = await startSessionHost();
  const agent = await startAgent(t, host, 'edge-1');
  const output = host.outputs.expect('edge-1', { timeoutMs: 5000, signal: never });
  let produced = 0;
  const chunk = { stream: 'stdout' as const, data: Buffer.alloc(256 * 1024) };
  async function* source() {
    for (; produced < 200; produced++) yield chunk;
  }
  const sending = agent.sendOutput(output.streamId, source, never);
  const reading = output.read()[Symbol.asyncIterator]();
  await reading.next();
  let before = -1;
  while (before !== produced) {
    before = produced;
    await delay(100);
  }
  t.true(produced < 100, `${produced} chunks of 256 KiB were produced although only one was read`);
  let rest = 1;
  while (!(await reading.next()).done) rest++;
  t.is(rest, 200);
  await sending;
});

test('output of a stream that nobody asked this node for is refused', async (t) => {
  const host = await startSessionHost();
  const agent = await startAgent(t, host, 'edge-2');
  const output = host.outputs.expect('edge-1', { timeoutMs: 5000, signal: never });
  t.is((await rejectionOf(agent.sendOutput(output.streamId, () => lines(1), never))).code, 'PERMISSION_DENIED');
  output.close();
});

test('a node that never opens the stream lets its reader down in time', async (t) => {
  const host = await startSessionHost();
  t.teardown(host.stop);
  const output = host.outputs.expect('edge-1', { timeoutMs: 20, signal: never });
  t.is((await rejectionOf(textOf(output.read()))).code, 'TIMEOUT');
});

async function* lines(count: number) {
  for (let n = 1; n <= count; n++) yield { stream: 'stdout' as const, data: Buffer.from(`line ${n}`) };
}

async function* failing() {
  yield* lines(1);
  throw new DroverError('CONTAINER_NOT_FOUND', 'It is gone.');
}

async function* endless(signal: AbortSignal, onStop: () => void) {
  signal.addEventListener('abort', onStop, { once: true });
  for (let n = 0; !signal.aborted; n++) {
    yield { stream: 'stdout' as const, data: Buffer.from(`line ${n}`) };
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function textOf(messages: AsyncIterable<SendOutputRequest>): Promise<string[]> {
  const text: string[] = [];
  for await (const { data } of messages) text.push(data.toString());
  return text;
}
