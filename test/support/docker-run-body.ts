import { Command } from 'commander';
import { createBody } from '../../coordinator/cli/run/create-body.ts';
import { addRunFlags, type RunFlags } from '../../coordinator/cli/run/run-flags.ts';

const files: Record<string, string> = {
  'web.env': '# comment\n\nA=from file\n  B=2\nHOME\nMISSING\n',
  labels: 'tier=edge\nbare\n',
  'seccomp.json': '{"defaultAction":"SCMP_ACT_ALLOW"}',
};

/** The create body for a `docker run` command line, without the words `docker run`. */
export function bodyOf(args: readonly string[]): Record<string, unknown> {
  const program = new Command()
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  let body: Record<string, unknown> = {};
  addRunFlags(program.command('run').argument('<image>').argument('[command...]')).action(
    (image: string, words: string[], flags: RunFlags) => {
      body = createBody(flags, image, words, { env: { HOME: '/root' }, readFile });
    },
  );
  program.parse(['run', ...args], { from: 'user' });
  return body;
}

function readFile(path: string): string {
  const text = files[path];
  if (text === undefined) throw new Error('ENOENT');
  return text;
}
