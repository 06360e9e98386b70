import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { startHeartbeats } from '../../../node-agent/session/heartbeats.ts';
import { silentLog } from '../../support/silent-log.ts';

const neverByItself = 2 ** 30;

test('requests that come during a report make one more report', async (t) => {
  const releases: (() => void)[] = [];
  const report = () => new Promise<{ containers: [] }>((resolve) => releases.push(() => resolve({ containers: [] })));
  let sent = 0;
  const beats = startHeartbeats({ intervalMs: neverByItself, report, send: () => sent++, log: silentLog });
  for (let n = 0; n < 3; n++) beats.soon();
  t.is(releases.length, 1);
  releases[0]?.();
  await turn();
  t.is(releases.length, 2);
  releases[1]?.();
  await turn();
  t.deepEqual([releases.length, sent], [2, 2]);
  beats.stop();
});

test('a report that fails is left out, and the next one is made all the same', async (t) => {
  let attempts = 0;
  const sent = new Promise<void>((resolve) => {
    const beats = startHeartbeats({
      intervalMs: 5,
      report: async () => {
        if (++attempts === 1) throw new Error('Docker does not answer');
        return { containers: [] };
      },
      send: () => {
        beats.stop();
        resolve();
      },
      log: silentLog,
    });
  });
  await sent;
  t.is(attempts, 2);
});

test('nothing is sent after the end', async (t) => {
  let release: () => void = () => undefined;
  const report = () => new Promise<{ containers: [] }>((resolve) => (release = () => resolve({ containers: [] })));
  let sent = 0;
  const beats = startHeartbeats({ intervalMs: neverByItself, report, send: () => sent++, log: silentLog });
  beats.soon();
  beats.stop();
  release();
  await turn();
  t.is(sent, 0);
});
