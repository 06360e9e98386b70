import { createHash } from 'node:crypto';
import { arch } from 'node:os';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import test from 'ava';
import { extract } from 'tar-stream';
import { probeImage, probeImageArchive } from '../../../node-agent/runtime/probe-image.ts';

async function filesIn(archive: Buffer): Promise<Map<string, { data: Buffer; mode: number }>> {
  const files = new Map<string, { data: Buffer; mode: number }>();
  const entries = extract();
  const read = pipeline(Readable.from([archive]), entries);
  for await (const entry of entries) {
    files.set(entry.header.name, { data: await buffer(entry), mode: entry.header.mode });
  }
  await read;
  return files;
}

test('the image that proves checkpoints is one that Docker can load, and holds a program that can run', async (t) => {
  const image = await filesIn(await buffer(await probeImageArchive('amd64')));
  const json = (name: string) => JSON.parse(image.get(name)?.data.toString() ?? '');
  const layer = image.get('layer.tar')?.data ?? Buffer.alloc(0);
  t.deepEqual(json('manifest.json'), [{ Config: 'config.json', RepoTags: [probeImage], Layers: ['layer.tar'] }]);
  const digest = createHash('sha256').update(layer).digest('hex');
  t.like(json('config.json'), { architecture: 'amd64', os: 'linux', rootfs: { diff_ids: [`sha256:${digest}`] } });
  const files = await filesIn(layer);
  const [program] = json('config.json').config.Entrypoint as string[];
  const { data, mode } = files.get(program?.slice(1) ?? '') ?? { data: Buffer.alloc(0), mode: 0 };
  t.is(data.toString('latin1', 1, 4), 'ELF');
  t.is(mode & 0o111, 0o111);
  const names = [...files.keys()];
  t.true(
    names.some((name) => /\/ld-[^/]*\.so/.test(name)),
    names.join(),
  );
  t.true(
    names.every((name) => !name.startsWith('/')),
    arch(),
  );
});
