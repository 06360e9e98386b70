import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { applyLayer } from '../../../node-agent/layer/apply-layer.ts';
import {
  type Entry,
  type LayerPlaces,
  layerPlaces,
  rawEntry,
  treeOf,
  writeLayer,
  writeRawLayer,
} from '../../support/layer-archive.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

const file = (name: string, more: Partial<Entry> = {}): Entry => ({ name, type: 'file', content: 'evil', ...more });
const directory = (name: string): Entry => ({ name, type: 'directory' });
const link = (name: string, linkname: string): Entry => ({ name, type: 'link', linkname });
const toOutside = (name: string): Entry => ({ name, type: 'symlink', linkname: '../outside' });

interface Attack {
  readonly title: string;
  readonly entries: readonly Entry[];
  readonly deleted?: readonly string[];
}

const attacks: Attack[] = [
  { title: 'a path that climbs out', entries: [file('../outside/secret')] },
  { title: 'a path that climbs out on its way', entries: [directory('a'), file('a/../../outside/secret')] },
  { title: 'the parent itself', entries: [directory('..')] },
  { title: 'the root itself', entries: [directory('.')] },
  { title: 'an absolute path', entries: [file('/tmp/evil')] },
  { title: 'an absolute directory', entries: [directory('/'), file('/tmp/evil')] },
  { title: 'a name with a zero in it', entries: [file('a', { pax: { path: 'a\0b' } })] },
  { title: 'a file below a link of the same archive', entries: [toOutside('a'), file('a/secret')] },
  { title: 'a file below a file', entries: [file('a'), file('a/b')] },
  { title: 'a link that becomes a directory', entries: [toOutside('a'), directory('a'), file('a/secret')] },
  { title: 'a directory that becomes a link', entries: [directory('a'), toOutside('a'), file('a/secret')] },
  { title: 'the same file twice', entries: [file('a'), file('./a')] },
  { title: 'a file in a directory that was not announced', entries: [file('link/secret')] },
  { title: 'a hard link to the outside', entries: [link('a', '../outside/secret')] },
  { title: 'a hard link to an absolute path', entries: [link('a', '/etc/passwd')] },
  { title: 'a hard link to what the image has', entries: [link('a', 'bin/tool')] },
  { title: 'a hard link through a link of the image', entries: [link('a', 'link/secret')] },
  { title: 'a hard link that comes before its file', entries: [link('a', 'b'), file('b')] },
  { title: 'a character device', entries: [{ name: 'a', type: 'character-device', devmajor: 1, devminor: 1 }] },
  { title: 'a block device', entries: [{ name: 'a', type: 'block-device', devmajor: 8, devminor: 0 }] },
  { title: 'a file with the name of a directory', entries: [file('a', { pax: { path: 'a/' } })] },
  {
    title: 'a sparse file whose real name climbs out',
    entries: [file('GNUSparseFile.1/a', { pax: sparse('../outside/secret') })],
  },
  {
    title: 'a sparse file whose real name lies behind a link of the image',
    entries: [file('a', { pax: sparse('link/secret') })],
  },
  { title: 'words that only incremental archives have', entries: [file('a', { pax: { 'GNU.dumpdir': 'Yb\0' } })] },
  { title: 'a size that is no number', entries: [file('a', { pax: { size: '4x' } })] },
  { title: 'a deletion outside', entries: [], deleted: ['../outside/secret'] },
  { title: 'a deletion by an absolute path', entries: [], deleted: ['/etc/hosts'] },
  { title: 'a deletion behind a link of the image', entries: [], deleted: ['link/secret'] },
  { title: 'a deletion of the whole root', entries: [], deleted: ['.'] },
  { title: 'a deletion of the whole root, in other words', entries: [], deleted: ['bin/..'] },
  { title: 'a deletion of nothing', entries: [], deleted: [''] },
];

function sparse(name: string): Record<string, string> {
  return { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': name, 'GNU.sparse.realsize': '4' };
}

// A root with a link that leads out of it, as an image may well have one.
async function aRoot({ root, outside }: LayerPlaces): Promise<void> {
  await mkdir(join(root, 'bin'));
  await writeFile(join(root, 'bin/tool'), 'tool');
  await symlink(outside, join(root, 'link'));
}

for (const { title, entries, deleted } of attacks) {
  test(`refused, and nothing is written or deleted: ${title}`, async (t) => {
    const places = await layerPlaces(t);
    await aRoot(places);
    const before = [await treeOf(places.root), await treeOf(places.outside)];
    await writeLayer(places.layer, entries, deleted);
    const error = await rejectionOf(applyLayer(places.layer, places.root));
    t.is(error.code, 'CHECKPOINT_INVALID');
    t.deepEqual([await treeOf(places.root), await treeOf(places.outside)], before);
  });
}

// Where two readers of one archive may see different entries.
const smuggled = rawEntry({ name: 'link/secret', kind: '0' }, 'evil').toString('latin1');
const fine = rawEntry({ name: 'b', kind: '0' }, 'b');
const ambiguous: [string, Buffer[]][] = [
  ['an entry in the data of a hard link', [fine, rawEntry({ name: 'a', kind: '1', link: 'b' }, smuggled)]],
  ['an entry in the data of a symbolic link', [rawEntry({ name: 'a', kind: '2', link: 'b' }, smuggled)]],
  ['an entry in the data of a directory', [rawEntry({ name: 'a/', kind: '5' }, smuggled)]],
  ['a long name of an old kind', [rawEntry({ name: 'link/secret', kind: 'N' }, 'b'), fine]],
  ['a long name of the GNU kind', [rawEntry({ name: '././@LongLink', kind: 'L' }, 'c'), fine]],
  ['a long link of the GNU kind', [rawEntry({ name: '././@LongLink', kind: 'K' }, 'c'), fine]],
  ['a header for all entries', [rawEntry({ name: 'g', kind: 'g' }, '18 path=link/secret\n'.slice(0, 18)), fine]],
  ['two extended headers for one entry', [extended('10 path=c\n'), extended('10 path=d\n'), fine]],
  ['a sparse file of an old kind', [rawEntry({ name: 'a', kind: 'S' }, 'b')]],
  ['a directory listing', [rawEntry({ name: 'a', kind: 'D' }, 'Yb')]],
  ['a continued file', [rawEntry({ name: 'a', kind: 'M' }, 'b')]],
  ['a volume label', [rawEntry({ name: 'a', kind: 'V' })]],
  ['a file that ends in a slash', [rawEntry({ name: 'a/', kind: '0' }, smuggled)]],
  ['entries after an end', [Buffer.alloc(1024), rawEntry({ name: 'link/secret', kind: '0' }, 'evil')]],
];

function extended(record: string): Buffer {
  return rawEntry({ name: 'PaxHeader', kind: 'x' }, record);
}

for (const [title, entries] of ambiguous) {
  test(`refused, because it can be read in two ways: ${title}`, async (t) => {
    const places = await layerPlaces(t);
    await aRoot(places);
    const before = [await treeOf(places.root), await treeOf(places.outside)];
    await writeRawLayer(places.layer, entries);
    const error = await rejectionOf(applyLayer(places.layer, places.root));
    t.is(error.code, 'CHECKPOINT_INVALID');
    t.deepEqual([await treeOf(places.root), await treeOf(places.outside)], before);
  });
}

test('a link of the image makes way for a directory of the layer; where it led is left alone', async (t) => {
  const places = await layerPlaces(t);
  await aRoot(places);
  await writeLayer(places.layer, [directory('link'), file('link/secret')]);
  await applyLayer(places.layer, places.root);
  t.like(await treeOf(places.root), { link: '<dir>', 'link/secret': 'evil' });
  t.deepEqual(await treeOf(places.outside), { secret: 'untouched' });
});

test('the same for a directory whose old content must not show through', async (t) => {
  const places = await layerPlaces(t);
  await aRoot(places);
  const opaque = { ...directory('link'), pax: { 'SCHILY.xattr.trusted.overlay.opaque': 'y' } };
  await writeLayer(places.layer, [opaque, file('link/other')]);
  await applyLayer(places.layer, places.root);
  t.deepEqual(await treeOf(places.root), { bin: '<dir>', 'bin/tool': 'tool', link: '<dir>', 'link/other': 'evil' });
  t.deepEqual(await treeOf(places.outside), { secret: 'untouched' });
});

test('and where the link led to a directory of the same name as a file of the layer', async (t) => {
  const places = await layerPlaces(t);
  await aRoot(places);
  await mkdir(join(places.outside, 'sub'));
  await writeLayer(places.layer, [directory('link'), file('link/sub')]);
  await applyLayer(places.layer, places.root);
  t.like(await treeOf(places.root), { link: '<dir>', 'link/sub': 'evil' });
  t.deepEqual(await treeOf(places.outside), { secret: 'untouched', sub: '<dir>' });
});

test('a link of the image in the place of a file of the layer is replaced, not followed', async (t) => {
  const places = await layerPlaces(t);
  await symlink(join(places.outside, 'secret'), join(places.root, 'config'));
  await writeLayer(places.layer, [file('config')]);
  await applyLayer(places.layer, places.root);
  t.deepEqual(await treeOf(places.root), { config: 'evil' });
  t.deepEqual(await treeOf(places.outside), { secret: 'untouched' });
});

test('links of the layer may point anywhere: only the container will follow them', async (t) => {
  const places = await layerPlaces(t);
  const links: [string, string][] = [
    ['up', '../outside'],
    ['host', '/etc/passwd'],
  ];
  await writeLayer(
    places.layer,
    links.map(([name, linkname]) => ({ name, type: 'symlink', linkname })),
  );
  await applyLayer(places.layer, places.root);
  t.deepEqual(await treeOf(places.root), { host: '-> /etc/passwd', up: '-> ../outside' });
});

for (const [title, archive, deleted] of [
  ['an archive that is none', 'garbage'.repeat(200), '[]'],
  ['an archive that was cut off', undefined, '[]'],
  ['a list of deleted files that is none', '', 'no json'],
  ['a list of deleted files of the wrong kind', '', '{"a":1}'],
] as const) {
  test(`refused: ${title}`, async (t) => {
    const { layer, root } = await layerPlaces(t);
    await writeLayer(layer, [file('a', { content: 'x'.repeat(2000) })]);
    if (archive === undefined) await truncate(join(layer, 'rootfs-diff.tar'), 1000);
    else if (archive !== '') await writeFile(join(layer, 'rootfs-diff.tar'), archive);
    await writeFile(join(layer, 'deleted.files'), deleted);
    t.is((await rejectionOf(applyLayer(layer, root))).code, 'CHECKPOINT_INVALID');
    t.deepEqual(await treeOf(root), {});
  });
}
