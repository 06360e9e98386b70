import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Cli } from './cli.ts';
import { runCli } from './run-cli.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;

quietWhenPipeCloses();
process.exitCode = await runCli(realCli(), process.argv.slice(2));

function realCli(): Cli {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    now: () => new Date(),
    onInterrupt,
    readFile: (path) => readFileSync(path, 'utf8'),
    ownAddresses,
    version: readVersion(),
    runCoordinator: async (options) => (await import('../main.ts')).runCoordinator(options),
  };
}

// `drover nodes | head -1` closes our output early; that is no error.
function quietWhenPipeCloses(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  }
}

function onInterrupt(listener: () => void): () => void {
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === 'IPv4' && !address.internal)
    .map(({ address }) => address);
}

// Compiled, this file is dist/coordinator/cli/main.js.
function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  return String(version);
}
