// The demonstration proper, in a lab that scripts/demo has raised: main.js [--json] --nodes N
import { parseArgs } from 'node:util';
import { CommandFailed, droverCommand } from '../tour/drover-command.ts';
import { labNodes } from '../tour/lab-nodes.ts';
import { demo } from './demo.ts';
import { type DemoDocument, isGood, type Row } from './rows.ts';
import { rowsTable } from './rows-table.ts';
import { workloads } from './workloads.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, nodes: { type: 'string', default: '3' } },
});
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort());

const { rows, error } = await demonstrate(interruption.signal);
const expected = workloads.length * Number(values.nodes);
const ok = error === undefined && rows.length === expected && rows.every(isGood);
if (values.json) {
  const document: DemoDocument = { migrations: rows, ok, ...(error === undefined ? {} : { error }) };
  process.stdout.write(`${JSON.stringify(document)}\n`);
} else if (rows.length > 0) process.stdout.write(`\n${rowsTable(rows)}\n`);
for (const row of rows.filter((candidate) => !isGood(candidate))) say(`not as it should be: ${troubles(row)}`);
if (error !== undefined) say(`error: ${error.message} (${error.code})`);
process.exit(ok ? 0 : 1);

async function demonstrate(signal: AbortSignal) {
  const rows: Row[] = [];
  try {
    const lab = labNodes(Number(values.nodes), process.env);
    for await (const row of demo({ drover: droverCommand({ signal }), lab, workloads, signal, say })) rows.push(row);
    return { rows };
  } catch (thrown) {
    return { rows, error: reported(thrown, signal) };
  }
}

function reported(thrown: unknown, signal: AbortSignal) {
  if (signal.aborted) return { code: 'CANCELLED', message: 'The demonstration was interrupted.' };
  if (thrown instanceof CommandFailed) {
    say(`failed: ${thrown.command}`);
    return { code: thrown.code, message: thrown.message };
  }
  return { code: 'INTERNAL', message: thrown instanceof Error ? thrown.message : String(thrown) };
}

function troubles({ workload, from, to, requests_failed: failed, problems }: Row): string {
  const reasons = failed > 0 ? [`${failed} requests failed`, ...problems] : problems;
  return `${workload} from ${from} to ${to}: ${reasons.join('; ')}`;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
