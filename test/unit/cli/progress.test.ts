import { PassThrough } from 'node:stream';
import test from 'ava';
import { bytesPerSecond, createProgress, progressLine } from '../../../coordinator/cli/progress.ts';
import { Migration } from '../../../proto/index.ts';

const mebibyte = 1024 ** 2;

function aMigration(of: Partial<Migration> = {}): Migration {
  return Migration.fromPartial({ workload: 'web', from: 'edge-1', to: 'edge-2', phase: 'transferring', ...of });
}

test('a line shows the phase, bytes, speed and the time that is left', (t) => {
  const line = progressLine(aMigration({ bytesSent: 50 * mebibyte, bytesTotal: 200 * mebibyte }), 10 * mebibyte);
  t.is(line, 'web: edge-1 → edge-2  transferring  50.0 MiB / 200.0 MiB (25 %)  10.0 MiB/s  15.0 s left');
});

test('a line does without what is not known yet', (t) => {
  t.is(progressLine(aMigration({ to: '', phase: 'preparing' }), 0), 'web: edge-1 → ?  preparing');
  t.is(progressLine(aMigration({ bytesSent: 2048 }), 99), 'web: edge-1 → edge-2  transferring  2.0 KiB');
});

test('speed is measured between the first and the last sample', (t) => {
  t.is(
    bytesPerSecond([
      { bytes: 0, atMs: 1_000 },
      { bytes: 10, atMs: 1_500 },
      { bytes: 300, atMs: 3_000 },
    ]),
    150,
  );
  t.is(bytesPerSecond([{ bytes: 5, atMs: 1 }]), 0);
  t.is(bytesPerSecond([]), 0);
});

test('without a terminal there is a line for each phase, and one every five seconds while bytes flow', (t) => {
  const stdout = new PassThrough({ encoding: 'utf8' });
  let nowMs = 0;
  const progress = createProgress(stdout, () => new Date(nowMs));
  const at = (ms: number, of: Partial<Migration>) => {
    nowMs = ms;
    progress.show(aMigration(of));
  };
  at(0, { phase: 'preparing' });
  at(1_000, { bytesSent: 1 });
  at(2_000, { bytesSent: 2 });
  at(6_500, { bytesSent: 3 });
  at(7_000, { phase: 'restoring' });
  progress.end();
  const phases = String(stdout.read())
    .trimEnd()
    .split('\n')
    .map((line) => line.split('  ')[1]);
  t.deepEqual(phases, ['preparing', 'transferring', 'transferring', 'restoring']);
});

test('on a terminal one line is redrawn', (t) => {
  const stdout = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns: 120, rows: 24 });
  const progress = createProgress(stdout, () => new Date(0));
  progress.show(aMigration({ phase: 'preparing' }));
  progress.show(aMigration({ phase: 'restoring' }));
  progress.end();
  const written = String(stdout.read());
  t.true(written.indexOf('preparing') < written.indexOf('restoring'));
  t.true(written.includes('\u001b['));
});
