import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Chunk, DroverError, type FileEntry, type Manifest } from '../../proto/index.ts';
import type { ManifestFacts } from './chunk-reader.ts';
import { chunkSize, digestOf, formatVersion, isCheckpointPath, parts } from './format.ts';

interface ReceivedFile {
  readonly handle: FileHandle;
  readonly digests: Map<number, Buffer>;
  /** Where the furthest chunk ends. */
  size: number;
  /** Sum of the chunks: less than the size when one of them is short and leaves a hole. */
  bytes: number;
}

// Chunks on their way to the disk.
const maxWrites = 4;

/**
 * Writes a checkpoint as its chunks arrive. Nothing of the sender is believed: paths, offsets and lengths are checked,
 * every chunk's digest is computed before it is written, and `finish` compares all of them with the manifest.
 *
 * Errors: CHUNK_CORRUPT when data and digest differ, CHECKPOINT_INVALID for everything else that does not fit.
 */
export class ChunkWriter {
  private readonly files = new Map<string, ReceivedFile>();
  private readonly writing = new Set<Promise<unknown>>();
  private failure: unknown;
  private readonly directory: string;
  private readonly maxBytes: number;
  /** Bytes of chunk data received so far. */
  bytes = 0;

  /** `maxBytes` bounds what a sender can make us write. */
  constructor(directory: string, options: { maxBytes: number }) {
    this.directory = directory;
    this.maxBytes = options.maxBytes;
  }

  async accept(chunk: Chunk): Promise<void> {
    this.check(chunk);
    const digest = digestOf(chunk.data);
    if (!digest.equals(chunk.digest)) {
      throw new DroverError(
        'CHUNK_CORRUPT',
        'A chunk of the checkpoint was altered on its way; nothing of it was used.',
        {
          details: { path: chunk.path, offset: String(chunk.offset) },
        },
      );
    }
    const file = await this.fileFor(chunk.path);
    const index = chunk.offset / chunkSize;
    if (file.digests.has(index)) throw invalid(`a chunk of ${chunk.path} comes twice`);
    this.bytes += chunk.data.length;
    await this.write(file, chunk);
    file.digests.set(index, digest);
    file.bytes += chunk.data.length;
    file.size = Math.max(file.size, chunk.offset + chunk.data.length);
  }

  /** Resolves only if exactly what the manifest lists was received. */
  async finish(manifest: Manifest, expected: ManifestFacts): Promise<void> {
    if (manifest.version !== formatVersion || manifest.chunkSize !== chunkSize) {
      throw invalid(`its format version ${manifest.version} is not known here`);
    }
    if (manifest.workload !== expected.workload || manifest.epoch !== expected.epoch) {
      throw invalid(`it belongs to ${manifest.workload} at epoch ${manifest.epoch}`);
    }
    const listed = new Set(manifest.files.map((file) => file.path));
    if (listed.size !== manifest.files.length) throw invalid('its manifest lists a file twice');
    for (const path of this.files.keys())
      if (!listed.has(path)) throw invalid(`it contains ${path}, which is not listed`);
    for (const entry of manifest.files) await this.verify(entry);
    await this.written();
  }

  async close(): Promise<void> {
    await Promise.all(this.writing);
    for (const file of this.files.values()) await file.handle.close();
    this.files.clear();
  }

  // Keeps the disk busy while the next chunks arrive, without ever holding many.
  private async write({ handle }: ReceivedFile, { data, offset }: Chunk): Promise<void> {
    const written: Promise<void> = handle
      .write(data, 0, data.length, offset)
      .catch((error) => {
        this.failure ??= error;
      })
      .then(() => {
        this.writing.delete(written);
      });
    this.writing.add(written);
    if (this.writing.size >= maxWrites) await Promise.race(this.writing);
    if (this.failure !== undefined) throw this.failure;
  }

  private async written(): Promise<void> {
    await Promise.all(this.writing);
    if (this.failure !== undefined) throw this.failure;
  }

  private check(chunk: Chunk): void {
    if (!isCheckpointPath(chunk.path)) throw invalid(`it names a file that may not be: ${JSON.stringify(chunk.path)}`);
    if (chunk.offset % chunkSize !== 0) throw invalid(`a chunk of ${chunk.path} is not aligned`);
    if (chunk.data.length === 0 || chunk.data.length > chunkSize)
      throw invalid(`a chunk of ${chunk.path} has a wrong length`);
    if (chunk.offset + chunk.data.length > this.maxBytes || this.bytes + chunk.data.length > this.maxBytes) {
      throw invalid('it is larger than this node can take');
    }
  }

  private async verify(entry: FileEntry): Promise<void> {
    if (!isCheckpointPath(entry.path)) throw invalid(`it names a file that may not be: ${JSON.stringify(entry.path)}`);
    const file = await this.fileFor(entry.path);
    const count = Math.ceil(entry.size / chunkSize);
    const whole = file.size === entry.size && file.bytes === entry.size;
    const complete = whole && entry.digests.length === count && file.digests.size === count;
    const equal = complete && entry.digests.every((digest, index) => file.digests.get(index)?.equals(digest));
    if (!equal) throw invalid(`${entry.path} is not complete`);
  }

  private async fileFor(path: string): Promise<ReceivedFile> {
    const known = this.files.get(path);
    if (known !== undefined) return known;
    if (this.files.size >= 10_000) throw invalid('it has too many files');
    await mkdir(join(this.directory, path.startsWith(parts.layer) ? parts.layer : parts.images), {
      recursive: true,
      mode: 0o700,
    });
    const file = { handle: await open(join(this.directory, path), 'w', 0o600), digests: new Map(), size: 0, bytes: 0 };
    this.files.set(path, file);
    return file;
  }
}

function invalid(why: string): DroverError {
  return new DroverError('CHECKPOINT_INVALID', `The checkpoint cannot be used: ${why}.`);
}
