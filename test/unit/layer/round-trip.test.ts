import { chmod, lchown, link, lstat, mkdir, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { applyLayer } from '../../../node-agent/layer/apply-layer.ts';
import { packLayer } from '../../../node-agent/layer/pack-layer.ts';
import { readFiles } from '../../support/checkpoint-files.ts';
import { layerPlaces, readLayer, sh, treeOf, writeLayer } from '../../support/layer-archive.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { temporaryDirectory } from '../../support/tls.ts';

// Packs an upper directory and applies it to a root.
async function carry(upper: string, places: { layer: string; root: string }): Promise<void> {
  await packLayer(upper, places.layer);
  await applyLayer(places.layer, places.root);
}

const whiteout = (path: string) => sh('mknod "$1" c 0 0', path);

test('files, directories, links and pipes arrive as they were', async (t) => {
  const [upper, places] = [await temporaryDirectory(t), await layerPlaces(t)];
  await mkdir(join(upper, 'var/lib/app'), { recursive: true });
  await writeFile(join(upper, 'var/lib/app/state'), 'count=7');
  await link(join(upper, 'var/lib/app/state'), join(upper, 'var/same'));
  await symlink('/var/lib/app', join(upper, 'app'));
  await symlink('nowhere', join(upper, 'broken'));
  await sh('mkfifo "$1"', join(upper, 'pipe'));
  await mkdir(join(upper, 'empty'));
  await carry(upper, places);
  t.deepEqual(await treeOf(places.root), await treeOf(upper));
  const [state, same] = [
    await lstat(join(places.root, 'var/lib/app/state')),
    await lstat(join(places.root, 'var/same')),
  ];
  t.is(state.ino, same.ino);
  t.true((await lstat(join(places.root, 'pipe'))).isFIFO());
});

test('names that need care arrive as they were', async (t) => {
  const [upper, places] = [await temporaryDirectory(t), await layerPlaces(t)];
  const names = ['-rf', ' a b ', 'a\nb', "it's", '"', '\\n', '*', 'é日本😀', '...', '@LongLink', 'x'.repeat(250), '#'];
  const deep = Array.from({ length: 12 }, (_, n) => `directory-number-${n}-of-a-long-path`).join('/');
  await mkdir(join(upper, deep), { recursive: true });
  for (const name of [...names, `${deep}/end`]) await writeFile(join(upper, name), name);
  await carry(upper, places);
  t.deepEqual(await treeOf(places.root), await treeOf(upper));
});

test('modes, owners and times arrive as they were', async (t) => {
  const [upper, places] = [await temporaryDirectory(t), await layerPlaces(t)];
  await mkdir(join(upper, 'dir'));
  await writeFile(join(upper, 'dir/tool'), 'x');
  await symlink('tool', join(upper, 'dir/link'));
  for (const [path, mode, owner] of [
    ['dir/tool', 0o4711, 3_000_000],
    ['dir', 0o1750, 1234],
  ] as const) {
    await lchown(join(upper, path), owner, owner + 1);
    await chmod(join(upper, path), mode);
    await utimes(join(upper, path), 1_000_000_000.125, 1_500_000_000.75);
  }
  await lchown(join(upper, 'dir/link'), 42, 43);
  await carry(upper, places);
  for (const path of ['dir', 'dir/tool', 'dir/link']) {
    const [before, after] = [await lstat(join(upper, path)), await lstat(join(places.root, path))];
    const facts = ({ mode, uid, gid, mtimeMs }: typeof before) => ({ mode, uid, gid, mtimeMs });
    t.deepEqual(facts(after), facts(before), path);
  }
});

test('a directory of the image takes the mode and the owner that it has in the layer', async (t) => {
  const [upper, places] = [await temporaryDirectory(t), await layerPlaces(t)];
  for (const base of [upper, places.root]) await mkdir(join(base, 'data'), { mode: 0o755 });
  await writeFile(join(places.root, 'data/kept'), 'image');
  await chmod(join(upper, 'data'), 0o700);
  await lchown(join(upper, 'data'), 7, 8);
  await carry(upper, places);
  const { mode, uid, gid } = await lstat(join(places.root, 'data'));
  t.deepEqual([mode & 0o7777, uid, gid], [0o700, 7, 8]);
  t.deepEqual(await treeOf(places.root), { data: '<dir>', 'data/kept': 'image' });
});

test('a file with holes arrives with them', async (t) => {
  const [upper, places] = [await temporaryDirectory(t), await layerPlaces(t)];
  await mkdir(join(upper, 'db'));
  await writeFile(join(upper, 'db/holes'), 'begin');
  await truncate(join(upper, 'db/holes'), 64 * 2 ** 20);
  await carry(upper, places);
  const { size, blocks } = await lstat(join(places.root, 'db/holes'));
  t.is(size, 64 * 2 ** 20);
  t.true(blocks < 2048);
  t.true((await lstat(join(places.layer, 'rootfs-diff.tar'))).size < 2 ** 20);
});

test('extended attributes arrive, and those of overlayfs do not', async (t) => {
  const [upper, places] = [await temporaryDirectory(t), await layerPlaces(t)];
  const pax = { 'SCHILY.xattr.user.note': 'important', 'SCHILY.xattr.trusted.overlay.origin': 'x' };
  await writeLayer(places.layer, [{ name: 'noted', type: 'file', content: 'x', pax }]);
  await sh('tar -xf "$1" -C "$2" --xattrs "--xattrs-include=*"', join(places.layer, 'rootfs-diff.tar'), upper);
  await carry(upper, places);
  const again = await temporaryDirectory(t);
  await packLayer(places.root, again);
  const [header] = await readLayer(again);
  const attributes = Object.entries(header?.pax ?? {}).filter(([key]) => key.startsWith('SCHILY.xattr.'));
  t.deepEqual(attributes, [['SCHILY.xattr.user.note', 'important']]);
});

test('what was deleted is deleted, and what is not there need not be', async (t) => {
  const [upper, places] = [await temporaryDirectory(t), await layerPlaces(t)];
  await mkdir(join(upper, 'etc'));
  for (const path of ['gone', 'etc/gone', 'absent', 'etc/tree']) await whiteout(join(upper, path));
  await mkdir(join(places.root, 'etc/tree/deep'), { recursive: true });
  for (const path of ['gone', 'kept', 'etc/gone', 'etc/kept', 'etc/tree/deep/x']) {
    await writeFile(join(places.root, path), path);
  }
  await carry(upper, places);
  t.deepEqual(await treeOf(places.root), { etc: '<dir>', 'etc/kept': 'etc/kept', kept: 'kept' });
});

test('a container that only deleted something is carried, too', async (t) => {
  const [upper, places] = [await temporaryDirectory(t), await layerPlaces(t)];
  await whiteout(join(upper, 'gone'));
  await writeFile(join(places.root, 'gone'), 'x');
  await carry(upper, places);
  t.deepEqual(await treeOf(places.root), {});
});

test('a directory that was made anew does not show what the image had in it', async (t) => {
  const [upper, places] = [await temporaryDirectory(t), await layerPlaces(t)];
  const pax = { 'SCHILY.xattr.trusted.overlay.opaque': 'y' };
  await writeLayer(places.layer, [
    { name: 'cache', type: 'directory', pax },
    { name: 'cache/new', type: 'file', content: 'new' },
  ]);
  await sh('tar -xf "$1" -C "$2" --xattrs "--xattrs-include=*"', join(places.layer, 'rootfs-diff.tar'), upper);
  await mkdir(join(places.root, 'cache/old'), { recursive: true });
  await writeFile(join(places.root, 'cache/old/x'), 'old');
  await carry(upper, places);
  t.deepEqual(await treeOf(places.root), { cache: '<dir>', 'cache/new': 'new' });
});

test('files, directories and links take each other’s places', async (t) => {
  const [upper, places] = [await temporaryDirectory(t), await layerPlaces(t)];
  const make = async (path: string, kind: string) => {
    if (kind === 'file') await writeFile(path, 'file');
    else if (kind === 'link') await symlink('target', path);
    else await mkdir(path).then(() => writeFile(join(path, 'inside'), kind));
  };
  for (const [name, was, is] of [
    ['a', 'file', 'directory'],
    ['b', 'directory', 'file'],
    ['c', 'link', 'directory'],
    ['d', 'directory', 'link'],
    ['e', 'link', 'file'],
    ['f', 'file', 'link'],
  ] as const) {
    await make(join(places.root, name), was);
    await make(join(upper, name), is);
  }
  await carry(upper, places);
  t.deepEqual(await treeOf(places.root), await treeOf(upper));
});

test('a container that changed no file carries none', async (t) => {
  const [upper, places] = [await temporaryDirectory(t), await layerPlaces(t)];
  await writeFile(join(places.root, 'kept'), 'x');
  await carry(upper, places);
  t.deepEqual(await readFiles(places.layer), {});
  t.deepEqual(await treeOf(places.root), { kept: 'x' });
});

test('files that cannot be put in place are an error', async (t) => {
  const { layer, root } = await layerPlaces(t);
  await writeLayer(layer, [{ name: 'file', type: 'file', content: 'x' }]);
  t.is((await rejectionOf(applyLayer(layer, join(root, 'absent')))).code, 'RESTORE_FAILED');
});

test('sockets are left out: the checkpoint itself makes them again', async (t) => {
  const [upper, places] = [await temporaryDirectory(t), await layerPlaces(t)];
  const server = createServer();
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(join(upper, 'socket'), resolve));
  await writeFile(join(upper, 'file'), 'x');
  await carry(upper, places);
  t.deepEqual(await treeOf(places.root), { file: 'x' });
});
