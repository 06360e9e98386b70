import test from 'ava';
import { jsonLines } from '../../../node-agent/docker/json-lines.ts';
import { logFrames } from '../../../node-agent/docker/log-frames.ts';
import { untilAborted } from '../../../node-agent/docker/until-aborted.ts';

async function* pieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function frame(stream: number, text: string): Buffer {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

const cutAnywhere = test.macro(async (t, size: number) => {
  const bytes = Buffer.concat([frame(1, 'one\n'), frame(2, ''), frame(2, 'två\n'), frame(1, 'x'.repeat(50))]);
  const seen: string[] = [];
  for await (const { stream, data } of logFrames(pieces(bytes, size))) seen.push(`${stream}:${data}`);
  t.deepEqual(seen, ['stdout:one\n', 'stderr:', 'stderr:två\n', `stdout:${'x'.repeat(50)}`]);
});

for (const size of [1, 3, 8, 11, 1000]) test(`frames are found in pieces of ${size} bytes`, cutAnywhere, size);

test('lines of JSON are found across pieces, letters of several bytes too', async (t) => {
  const seen: unknown[] = [];
  for await (const line of jsonLines(pieces(Buffer.from('{"a":"å"}\n\n{"b":2}'), 1))) seen.push(line);
  t.deepEqual(seen, [{ a: 'å' }, { b: 2 }]);
});

test('a failing source ends quietly only when it was aborted', async (t) => {
  async function* failing(): AsyncGenerator<number> {
    yield 1;
    throw new Error('gone');
  }
  const collect = async (signal: AbortSignal) => {
    const seen: number[] = [];
    for await (const item of untilAborted(signal, failing())) seen.push(item);
    return seen;
  };
  await t.throwsAsync(collect(new AbortController().signal), { message: 'gone' });
  t.deepEqual(await collect(AbortSignal.abort()), []);
});
