import test from 'ava';
import { drover, inspect, migrate, placeOf, runWorkload } from '../support/cluster.ts';
import { labExec } from '../support/lab.ts';
import { traces } from '../support/traces.ts';

const nodes = ['edge-1', 'edge-2'] as const;

test.serial('a chain of ten hops leaves nothing behind and memory is accounted right at each end', async (t) => {
  const name = await runWorkload('edge-1', ['-e', 'MB=48'], 'drover/fn-node');
  t.teardown(() => drover('rm', name));
  // The first hop brings what is cached from then on.
  await migrate(name, 'edge-2');
  await migrate(name, 'edge-1');
  const before = await Promise.all(nodes.map(traces));
  for (let hop = 0; hop < 10; hop += 1) {
    const to = hop % 2 === 0 ? 'edge-2' : 'edge-1';
    await migrate(name, to);
    const memory = await dockerStatsBytes(to, name);
    t.true(memory > 48 * 2 ** 20 && memory < 160 * 2 ** 20, `hop ${hop}: docker stats says ${memory} bytes`);
  }
  const after = await Promise.all(nodes.map(traces));
  t.deepEqual(after, before);
  t.is((await placeOf(name)).epoch, 13);
  t.like(await inspect('edge-1', name), { State: { Running: true, Restarting: false, Dead: false } });
});

async function dockerStatsBytes(node: string, name: string): Promise<number> {
  const text = await labExec(node, 'docker', 'stats', '--no-stream', '--format', '{{.MemUsage}}', name);
  const [, number = '', unit = ''] = /^([\d.]+)(KiB|MiB|GiB)/.exec(text) ?? [];
  return Number(number) * 2 ** { KiB: 10, MiB: 20, GiB: 30 }[unit as 'KiB' | 'MiB' | 'GiB'];
}
