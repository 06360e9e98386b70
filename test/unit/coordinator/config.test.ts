import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { loadConfig } from '../../../coordinator/config.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

const withFile = async <T>(text: string, use: (file: string) => Promise<T>): Promise<T> => {
  const directory = await mkdtemp(join(tmpdir(), 'drover-config-'));
  const file = join(directory, 'config.json');
  await writeFile(file, text);
  return use(file).finally(() => rm(directory, { recursive: true }));
};

test('without a file everything has a default', async (t) => {
  t.like(await loadConfig(), {
    logLevel: 'info',
    eventCapacity: 10_000,
    timeouts: { heartbeatMs: 5000, staleAfterMs: 15_000 },
  });
});

test('what a file sets is taken, the rest keeps its default', async (t) => {
  const config = await withFile('{"timeouts":{"heartbeatMs":1000}}', loadConfig);
  t.like(config, { timeouts: { heartbeatMs: 1000, staleAfterMs: 15_000 } });
});

for (const [title, text, why] of [
  ['a setting that does not exist', '{"timeouts":{"hartbeatMs":1}}', /timeouts.*hartbeatMs/],
  ['a time limit of nothing', '{"timeouts":{"commandMs":0}}', /timeouts\.commandMs/],
  ['no JSON', 'listen: 7400', /JSON/],
] as const) {
  test(`a file with ${title} is refused with the place of the mistake`, async (t) => {
    const error = await withFile(text, (file) => rejectionOf(loadConfig(file)));
    t.is(error.code, 'BAD_USAGE');
    t.regex(error.message, why);
  });
}

test('a file that is missing is named', async (t) => {
  t.regex((await rejectionOf(loadConfig('/nowhere/config.json'))).message, /\/nowhere\/config\.json/);
});
