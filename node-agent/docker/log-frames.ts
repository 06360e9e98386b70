import type { LogChunk } from './engine-port.ts';

const headerBytes = 8;

/** Docker's multiplexed output cut into its frames: a header of stream (1 byte), 3 zeros and length, then the data. */
export async function* logFrames(source: AsyncIterable<Buffer>): AsyncGenerator<LogChunk> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of source) {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    for (let frame = firstFrame(rest); frame !== undefined; frame = firstFrame(rest)) {
      rest = rest.subarray(frame.end);
      yield { stream: frame.stream, data: frame.data };
    }
  }
}

/** The output of a container with a terminal, which Docker does not multiplex. */
export async function* rawOutput(source: AsyncIterable<Buffer>): AsyncGenerator<LogChunk> {
  for await (const data of source) yield { stream: 'stdout', data };
}

function firstFrame(bytes: Buffer): (LogChunk & { readonly end: number }) | undefined {
  if (bytes.length < headerBytes) return undefined;
  const end = headerBytes + bytes.readUInt32BE(4);
  if (bytes.length < end) return undefined;
  return { stream: bytes[0] === 2 ? 'stderr' : 'stdout', data: bytes.subarray(headerBytes, end), end };
}
