import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { openLedger } from '../../../node-agent/workloads/ledger.ts';

const test = anyTest as TestFn<{ directory: string }>;

test.beforeEach(async (t) => {
  t.context = { directory: await mkdtemp(join(tmpdir(), 'drover-ledger-')) };
});

test.afterEach.always((t) => rm(t.context.directory, { recursive: true, force: true }));

test('a new ledger is empty', async (t) => {
  const ledger = await openLedger(join(t.context.directory, 'new'));
  t.deepEqual(ledger.list(), []);
  t.is(ledger.get('web'), undefined);
  t.is(ledger.highestEpoch('web'), 0);
});

test('what was recorded is there after a restart', async (t) => {
  await (await openLedger(t.context.directory)).record('web', { containerId: 'c1', epoch: 3 });
  const ledger = await openLedger(t.context.directory);
  t.deepEqual(ledger.list(), [{ workload: 'web', containerId: 'c1', epoch: 3 }]);
  t.deepEqual(ledger.ofContainer('c1'), ledger.get('web'));
});

test('a repeated record does no harm, a higher epoch replaces', async (t) => {
  const ledger = await openLedger(t.context.directory);
  await ledger.record('web', { containerId: 'c1', epoch: 1 });
  await ledger.record('web', { containerId: 'c1', epoch: 1 });
  await ledger.record('web', { containerId: 'c2', epoch: 2 });
  t.is(ledger.get('web')?.containerId, 'c2');
});

test('a lower epoch is refused and changes nothing', async (t) => {
  const ledger = await openLedger(t.context.directory);
  await ledger.record('web', { containerId: 'c2', epoch: 2 });
  await t.throwsAsync(ledger.record('web', { containerId: 'c1', epoch: 1 }), { code: 'STALE_EPOCH' });
  t.is(ledger.get('web')?.containerId, 'c2');
});

test('the epoch of a forgotten workload is kept over a restart', async (t) => {
  const before = await openLedger(t.context.directory);
  await before.record('web', { containerId: 'c5', epoch: 5 });
  await before.forget('web');
  const ledger = await openLedger(t.context.directory);
  t.is(ledger.get('web'), undefined);
  t.is(ledger.highestEpoch('web'), 5);
  await t.throwsAsync(ledger.record('web', { containerId: 'c4', epoch: 4 }), { code: 'STALE_EPOCH' });
  await t.notThrowsAsync(ledger.record('web', { containerId: 'c6', epoch: 6 }));
});

test('forgetting what is not there does no harm', async (t) => {
  await t.notThrowsAsync((await openLedger(t.context.directory)).forget('web'));
});

test('writes at the same time all count, and leave one file', async (t) => {
  const ledger = await openLedger(t.context.directory);
  const names = Array.from({ length: 20 }, (_, at) => `w${at}`);
  await Promise.all(names.map((name) => ledger.record(name, { containerId: `c-${name}`, epoch: 1 })));
  t.is((await openLedger(t.context.directory)).list().length, 20);
  t.deepEqual(await readdir(t.context.directory), ['ledger.json']);
});

test('a write that fails is not shown and does not stop the next one', async (t) => {
  const ledger = await openLedger(t.context.directory);
  await rm(t.context.directory, { recursive: true });
  await t.throwsAsync(ledger.record('web', { containerId: 'c1', epoch: 1 }), { code: 'ENOENT' });
  t.is(ledger.get('web'), undefined);
  await openLedger(t.context.directory);
  await t.notThrowsAsync(ledger.record('web', { containerId: 'c1', epoch: 1 }));
});

test('names that mean something to JavaScript are names', async (t) => {
  const ledger = await openLedger(t.context.directory);
  t.is(ledger.get('constructor'), undefined);
  t.is(ledger.highestEpoch('constructor'), 0);
});

const refused = test.macro(async (t, damage: (text: string) => string) => {
  await (await openLedger(t.context.directory)).record('web', { containerId: 'c1', epoch: 1 });
  const path = join(t.context.directory, 'ledger.json');
  const damaged = damage(await readFile(path, 'utf8'));
  await writeFile(path, damaged);
  await t.throwsAsync(openLedger(t.context.directory), { message: /ledger\.json is damaged/ });
  t.is(await readFile(path, 'utf8'), damaged);
});

test('a torn file is refused', refused, (text) => text.slice(0, -5));
test('an empty file is refused', refused, () => '');
test('a file of another version is refused', refused, (text) => text.replace('"version":1', '"version":2'));
test('an epoch that is no number is refused', refused, (text) => text.replace('"epoch":1', '"epoch":"1"'));
