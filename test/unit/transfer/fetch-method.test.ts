import test from 'ava';
import fc from 'fast-check';
import { leanDeserialize, leanSerializer } from '../../../node-agent/transfer/fetch-method.ts';
import { FetchResponse } from '../../../proto/index.ts';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((data) => Buffer.from(data));
const chunk = fc
  .record({
    path: fc.string({ unit: 'grapheme', maxLength: 300 }),
    offset: fc.oneof(fc.nat(), fc.maxSafeNat()),
    digest: bytes(40),
    data: fc.oneof(
      bytes(300),
      fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, 262_144).map((n) => Buffer.alloc(n, 7)),
    ),
  })
  .map((value): FetchResponse => ({ body: { $case: 'chunk', value } }));
const manifest = fc
  .record({
    ...{ version: fc.nat(9), workload: fc.string(), epoch: fc.nat(), chunkSize: fc.nat() },
    files: fc.array(fc.record({ path: fc.string(), size: fc.nat(), digests: fc.array(bytes(32), { maxLength: 3 }) }), {
      maxLength: 3,
    }),
  })
  .map((value): FetchResponse => ({ body: { $case: 'manifest', value } }));
const response = fc.oneof(chunk, manifest, fc.constant<FetchResponse>({ body: undefined }));

const generated = (message: FetchResponse) => Buffer.from(FetchResponse.encode(message).finish());
// Decoders make views or copies of whatever they like; only the bytes count.
const plain = (message: FetchResponse) => JSON.stringify(FetchResponse.toJSON(message));

test('what the lean encoder writes is what the contract says, message after message', (t) => {
  const serialize = leanSerializer();
  fc.assert(
    fc.property(response, (message) => {
      t.is(plain(FetchResponse.decode(Buffer.from(serialize(message)))), plain(message));
    }),
    { numRuns: 500 },
  );
});

test('the lean decoder reads what either encoder writes', (t) => {
  const serialize = leanSerializer();
  fc.assert(
    fc.property(response, (message) => {
      t.is(plain(leanDeserialize(generated(message))), plain(message));
      t.is(plain(leanDeserialize(Buffer.from(serialize(message)))), plain(message));
    }),
    { numRuns: 500 },
  );
});

// On bytes that no encoder of ours writes one of them may be stricter.
test('whatever bytes both decoders take, they take for the same', (t) => {
  const read = (decode: (data: Buffer) => FetchResponse, data: Buffer) => {
    try {
      return plain(decode(data));
    } catch {
      return 'refused';
    }
  };
  const altered = fc.tuple(response, fc.nat(), fc.nat(255)).map(([message, at, byte]) => {
    const data = generated(message);
    if (data.length > 0) data[at % data.length] = byte;
    return data;
  });
  const cut = fc.tuple(response, fc.nat()).map(([message, at]) => {
    const data = generated(message);
    return data.subarray(0, data.length === 0 ? 0 : at % data.length);
  });
  let same = 0;
  fc.assert(
    fc.property(fc.oneof(bytes(64), altered, cut), (data) => {
      const expected = read((rest) => FetchResponse.decode(rest), data);
      const found = read(leanDeserialize, data);
      if (found === expected) same += 1;
      else t.true(found === 'refused' || expected === 'refused', `${found} instead of ${expected}`);
    }),
    { numRuns: 3000 },
  );
  t.true(same > 2000, String(same));
});
