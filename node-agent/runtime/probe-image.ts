import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { pack } from 'tar-stream';

/** Name of the image that the proof runs; removed after it. */
export const probeImage = 'drover/probe:latest';

/**
 * An image archive, as `docker load` takes it, that holds this machine's own `sleep` and the libraries it needs: so that
 * a device without a registry can prove that it checkpoints and restores. `arch` is Docker's word, e.g. amd64.
 */
export async function probeImageArchive(arch: string): Promise<Readable> {
  const layer = await tarOf(await filesOf('sleep'));
  const config = Buffer.from(
    JSON.stringify({
      architecture: arch,
      os: 'linux',
      config: { Entrypoint: ['/bin/sleep', '1000'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(layer).digest('hex')}`] },
    }),
  );
  const manifest = [{ Config: 'config.json', RepoTags: [probeImage], Layers: ['layer.tar'] }];
  const archive = await tarOf([
    { name: 'config.json', data: config },
    { name: 'layer.tar', data: layer },
    { name: 'manifest.json', data: Buffer.from(JSON.stringify(manifest)) },
  ]);
  return Readable.from([archive]);
}

interface ImageFile {
  readonly name: string;
  readonly data: Buffer;
}

// Every library under the name by which it is asked for, its links resolved.
async function filesOf(program: string): Promise<ImageFile[]> {
  const { stdout: which } = await promisify(execFile)('sh', ['-c', `command -v ${program}`]);
  const path = which.trim();
  const { stdout } = await promisify(execFile)('ldd', [path]);
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, library = '']) => library);
  const files = libraries.map(async (library) => ({
    name: library.slice(1),
    data: await readFile(await realpath(library)),
  }));
  return [{ name: 'bin/sleep', data: await readFile(await realpath(path)) }, ...(await Promise.all(files))];
}

async function tarOf(files: readonly ImageFile[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, data } of files) archive.entry({ name, mode: 0o755 }, data);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
