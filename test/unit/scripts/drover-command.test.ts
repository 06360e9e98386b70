import test from 'ava';
import { CommandFailed, droverCommand } from '../../../scripts/lib/tour/drover-command.ts';

const errors: readonly [form: string, stderr: string][] = [
  ['JSON', '{"error":{"code":"NODE_DOWN","message":"edge-1 is down.","details":{}}}\n'],
  ['a sentence', 'Trying again …\nerror: edge-1 is down. (NODE_DOWN)\n'],
];
for (const [form, stderr] of errors) {
  test(`the error of a command is read from ${form}`, (t) => {
    const { code, message, command, status } = new CommandFailed(['ps', '--all'], 1, stderr);
    t.deepEqual(
      { code, message, command, status },
      {
        code: 'NODE_DOWN',
        message: 'edge-1 is down.',
        command: 'drover ps --all',
        status: 1,
      },
    );
  });
}

test('a command that ends without a word is an error nevertheless', (t) => {
  t.is(new CommandFailed(['ps'], null, '').message, 'ended without a word');
});

test('bad usage comes with the code and the status of the real program', async (t) => {
  const drover = droverCommand({ signal: new AbortController().signal });
  const error = await t.throwsAsync(drover.json(['migrate']), { instanceOf: CommandFailed });
  t.is(error?.code, 'BAD_USAGE');
  t.is(error?.status, 2);
});

test('an interrupted script runs no more commands', async (t) => {
  const drover = droverCommand({ signal: AbortSignal.abort(new Error('interrupted')) });
  await t.throwsAsync(drover.lines(['version']), { message: 'interrupted' });
});
