import test from 'ava';
import type { EngineEvent } from '../../../node-agent/docker/engine-port.ts';
import { followEngine } from '../../../node-agent/reports/follow-engine.ts';
import { silentLog as log } from '../../support/silent-log.ts';

/** Follows an engine that tells these lists of events, one a connection; ends after the last. */
async function follow(connections: readonly (readonly string[] | Error)[]) {
  const [forgotten, seen, ended] = [[] as (string | undefined)[], [] as string[], new AbortController()];
  let connection = 0;
  async function* events(): AsyncGenerator<EngineEvent> {
    const told = connections[connection++];
    if (told === undefined) return ended.abort();
    if (told instanceof Error) throw told;
    for (const action of told) yield { action, containerId: 'c1', name: 'web' };
  }
  await followEngine(
    {
      ...{ engine: { events }, log, retryMs: 0 },
      reports: { forget: (id) => void forgotten.push(id) },
      reportSoon: () => void seen.push(`after ${forgotten.length}`),
    },
    ended.signal,
  );
  return { forgotten, seen };
}

test('every event makes its container be looked at again, and those that change its state are reported at once', async (t) => {
  const { forgotten, seen } = await follow([['exec_create: sh', 'start', 'exec_die', 'die', 'update']]);
  t.deepEqual(forgotten.slice(0, 5), ['c1', 'c1', 'c1', 'c1', 'c1']);
  t.deepEqual(seen, ['after 2', 'after 4']);
});

test('an engine that goes away is asked again, and nothing that was known before counts', async (t) => {
  const { forgotten } = await follow([new Error('gone'), ['start']]);
  t.deepEqual(forgotten, [undefined, 'c1', undefined, undefined]);
});
