import { BinaryReader } from '@bufbuild/protobuf/wire';
import { CheckpointTransferServiceService, Chunk, FetchResponse } from '../../proto/index.ts';

// Fetch as the contract has it, byte for byte, but without the three copies of every chunk that the generated code makes:
// on a small device the copies cost more than the encryption.

// FetchResponse.chunk = 1, Chunk.data = 4, both length-delimited.
const chunkTag = 0x0a;
const dataTag = 0x22;
const longestVarint = 5;

/** The transfer service with the lean encoding of Fetch. */
export const leanTransferService = {
  ...CheckpointTransferServiceService,
  fetch: {
    ...CheckpointTransferServiceService.fetch,
    responseSerialize: leanSerializer(),
    responseDeserialize: leanDeserialize,
  },
} as const;

/** Encodes into one buffer that is used again: gRPC copies a message into its frame before it asks for the next. */
export function leanSerializer(): (response: FetchResponse) => Buffer {
  let scratch = Buffer.allocUnsafeSlow(0);
  return (response) => {
    if (response.body?.$case !== 'chunk') return Buffer.from(FetchResponse.encode(response).finish());
    const { data, ...rest } = response.body.value;
    const head = Chunk.encode({ ...rest, data: Buffer.alloc(0) }).finish();
    const room = 1 + longestVarint + head.length + 1 + longestVarint + data.length;
    if (scratch.length < room) scratch = Buffer.allocUnsafeSlow(room);
    const innerLength = head.length + 1 + varintLength(data.length) + data.length;
    let at = scratch.writeUInt8(chunkTag, 0);
    at = writeVarint(scratch, innerLength, at);
    scratch.set(head, at);
    at = scratch.writeUInt8(dataTag, at + head.length);
    at = writeVarint(scratch, data.length, at);
    scratch.set(data, at);
    return scratch.subarray(0, at + data.length);
  };
}

/** Decodes without copying the data: it stays where gRPC put the message. */
export function leanDeserialize(bytes: Buffer): FetchResponse {
  if (bytes[0] !== chunkTag) return FetchResponse.decode(bytes);
  const reader = new BinaryReader(bytes);
  reader.uint32();
  const end = reader.uint32() + reader.pos;
  if (end !== bytes.length) return FetchResponse.decode(bytes);
  const dataAt = findData(reader, end);
  if (dataAt === undefined) return FetchResponse.decode(bytes);
  const head = Chunk.decode(bytes.subarray(dataAt.innerStart, dataAt.tagStart));
  return { body: { $case: 'chunk', value: { ...head, data: bytes.subarray(dataAt.start, end) } } };
}

// Where the data begins, if it is the last field, as our own encoder has it.
function findData(
  reader: BinaryReader,
  end: number,
): { innerStart: number; tagStart: number; start: number } | undefined {
  const innerStart = reader.pos;
  while (reader.pos < end) {
    const tagStart = reader.pos;
    const tag = reader.uint32();
    if (tag === dataTag) {
      const length = reader.uint32();
      return reader.pos + length === end ? { innerStart, tagStart, start: reader.pos } : undefined;
    }
    reader.skip(tag & 7);
  }
  return undefined;
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) length += 1;
  return length;
}

function writeVarint(buffer: Buffer, value: number, at: number): number {
  let offset = at;
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) offset = buffer.writeUInt8((rest & 0x7f) | 0x80, offset);
  return buffer.writeUInt8(rest, offset);
}
