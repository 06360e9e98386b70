import { createHash } from 'node:crypto';

// The checkpoint format: files cut into chunks, each named by its SHA-256, and one manifest that lists them all.

/** Version that manifests of this code carry. */
export const formatVersion = 1;

/** 64 memory pages, and the frame size at which gRPC is fastest. */
export const chunkSize = 256 * 1024;

/** Directories of a checkpoint. */
export const parts = {
  /** CRIU's images. */
  images: 'images',
  /** The container's writable layer: layer.tar and deleted.files. */
  layer: 'layer',
} as const;

/** The name of a chunk. */
export function digestOf(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

const pathPattern = /^(images|layer)\/[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}$/;

/** Whether a path may occur in a checkpoint: one known part and one plain file name, so that nothing leaves its directory. */
export function isCheckpointPath(path: string): boolean {
  return pathPattern.test(path);
}
