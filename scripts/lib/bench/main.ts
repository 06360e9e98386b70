// A benchmark, in a lab that scripts/bench has raised: main.js migrate --nodes N --hops N
import { parseArgs } from 'node:util';
import { droverCommand } from '../tour/drover-command.ts';
import { labNodes } from '../tour/lab-nodes.ts';
import { benchMigrate } from './migrate.ts';

const { values } = parseArgs({
  allowPositionals: true,
  options: { nodes: { type: 'string', default: '3' }, hops: { type: 'string', default: '10' } },
});
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort());

const { signal } = interruption;
const report = await benchMigrate({
  drover: droverCommand({ signal }),
  lab: labNodes(Number(values.nodes), process.env),
  signal,
  hops: Number(values.hops),
  say: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
process.exit(report.ok ? 0 : 1);
