import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { HandoverJournal, type SourceEntry, type TargetEntry } from '../../../node-agent/handover/journal.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { temporaryDirectory } from '../../support/tls.ts';

const restartPolicy = { Name: 'always', MaximumRetryCount: 0 } as const;
const common = { workload: 'web', epoch: 5, containerId: 'c0ffee', restartPolicy };
const source: SourceEntry = { ...common, role: 'source', migrationId: 'm-1', pid: 42 };
const target: TargetEntry = { ...common, role: 'target', migrationId: 'm-2', verdict: 'run' };

test('what was written is found by another agent, and so is what replaced it', async (t) => {
  const directory = join(await temporaryDirectory(t), 'deep/handovers');
  const journal = new HandoverJournal(directory);
  for (const entry of [source, target]) await journal.write(entry);
  await journal.write({ ...source, verdict: 'thaw' });
  const other = new HandoverJournal(directory);
  t.deepEqual(await other.read('m-1'), { ...source, verdict: 'thaw' });
  t.deepEqual(await other.list(), [{ ...source, verdict: 'thaw' }, target]);
});

test('an empty journal, or none, is empty', async (t) => {
  const journal = new HandoverJournal(join(await temporaryDirectory(t), 'none'));
  t.deepEqual(await journal.list(), []);
  t.is(await journal.read('m-1'), undefined);
  await journal.remove('m-1');
});

test('an entry that was removed is gone', async (t) => {
  const journal = new HandoverJournal(await temporaryDirectory(t));
  for (const entry of [source, target]) await journal.write(entry);
  for (let n = 0; n < 2; n++) await journal.remove('m-1');
  t.deepEqual(await journal.list(), [target]);
});

test('it is readable by root only, and leaves no drafts', async (t) => {
  const directory = join(await temporaryDirectory(t), 'handovers');
  await new HandoverJournal(directory).write(source);
  t.deepEqual(await readdir(directory), ['m-1.json']);
  t.is((await stat(directory)).mode & 0o077, 0);
  t.is((await stat(join(directory, 'm-1.json'))).mode & 0o077, 0);
});

for (const [title, text] of [
  ['cut off', JSON.stringify(source).slice(0, -10)],
  ['empty', ''],
  ['of another kind', '[]'],
  ['without a role', JSON.stringify({ ...source, role: undefined })],
  ['with a verdict of the other half', JSON.stringify({ ...source, verdict: 'run' })],
  ['with a bad epoch', JSON.stringify({ ...source, epoch: -1 })],
  ['without a process', JSON.stringify({ ...source, pid: 0 })],
] as const) {
  test(`an entry that is ${title} is refused, not guessed at, and the file is named`, async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFile(join(directory, 'm-1.json'), text);
    const journal = new HandoverJournal(directory);
    for (const read of [journal.read('m-1'), journal.list()]) {
      const error = await rejectionOf(read);
      t.is(error.code, 'INTERNAL');
      t.true(error.message.includes(join(directory, 'm-1.json')));
    }
  });
}

test('a draft that a crash left behind is no entry', async (t) => {
  const directory = await temporaryDirectory(t);
  const journal = new HandoverJournal(directory);
  await journal.write(source);
  for (const name of ['m-3.json.new', 'm-3.json.draft']) await writeFile(join(directory, name), '{"half');
  t.deepEqual(await journal.list(), [source]);
  await journal.write({ ...target, migrationId: 'm-3' });
  t.is((await journal.read('m-3'))?.migrationId, 'm-3');
});

test('no migration id is a way out of the directory', async (t) => {
  const base = await temporaryDirectory(t);
  const journal = new HandoverJournal(join(base, 'handovers'));
  await mkdir(join(base, 'handovers'));
  for (const migrationId of ['../evil', '', '/etc/evil', 'a/b', '..', 'A', 'x'.repeat(65), 'a\0']) {
    for (const attempt of [
      journal.write({ ...source, migrationId }),
      journal.read(migrationId),
      journal.remove(migrationId),
    ]) {
      t.is((await rejectionOf(attempt)).code, 'INVALID_ARGUMENT');
    }
  }
  t.deepEqual(await readdir(base), ['handovers']);
});
