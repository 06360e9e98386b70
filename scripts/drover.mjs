#!/usr/bin/env node
// The `drover` program: finds out which half of the project a command belongs to, and starts it.
import { existsSync } from 'node:fs';

const ofTheNodeAgent = new Set(['agent', 'doctor']);
const takesValue = new Set(['-o', '--output', '--coordinator', '--context', '--deadline']);

const args = process.argv.slice(2);
const at = commandIndex(args);
const asksForHelp = args[at] === 'help' && ofTheNodeAgent.has(args[at + 1]);
if (asksForHelp) args.splice(at, 2, args[at + 1], '--help');
const half = ofTheNodeAgent.has(args[at]) ? 'node-agent' : 'coordinator';
// Options before the command go behind it, where the node agent's commands look for theirs.
if (half === 'node-agent') args.unshift(...args.splice(at, 1));
process.argv.splice(2, Infinity, ...args);

const main = new URL(`../dist/${half}/cli/main.js`, import.meta.url);
if (existsSync(main)) await import(main.href);
else {
  const message = 'Drover is not built yet: run `npm run build` in its folder first.';
  const json = /(^| )(-o ?|--output[ =])json( |$)/.test(args.join(' '));
  const error = { code: 'INTERNAL', message, details: {} };
  process.stderr.write(`${json ? JSON.stringify({ error }) : `error: ${message} (INTERNAL)`}\n`);
  process.exitCode = 1;
}

function commandIndex(words) {
  let index = 0;
  while (words[index]?.startsWith('-')) index += takesValue.has(words[index]) ? 2 : 1;
  return index;
}
