import test from 'ava';
import type { CommandBody } from '../../../coordinator/nodes/session.ts';
import { commandExecutor } from '../../../node-agent/commands/execute.ts';
import { aSource } from '../../support/migration-host.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

const never = new AbortController().signal;
const dumped = { bytesTotal: 1, dumpMs: 2 };
const order = { migrationId: 'm-1', epoch: 5 };

// Every part answers, and writes down what it was asked.
function recorder() {
  const asked: [string, unknown][] = [];
  const part = (name: string, answers: Record<string, unknown>) =>
    new Proxy(answers, {
      get: (_, method: string) => async (value: unknown) => {
        asked.push([`${name}.${method}`, value]);
        return answers[method];
      },
    }) as never;
  const execute = commandExecutor({
    containers: part('containers', {
      run: { containerId: 'c' },
      inspect: { inspectJson: '{}' },
      adopt: {},
      remove: {},
    }),
    checks: part('checks', { source: aSource() }),
    source: part('source', { freeze: dumped, release: { frozenMs: 7 } }),
    target: part('target', { prepare: { containerId: 'c' }, run: { containerId: 'c' } }),
  });
  return { asked, execute: (body: CommandBody | undefined) => execute({ id: '1', deadlineMs: 1, body }, never) };
}

const rows: [CommandBody, string, object][] = [
  [
    { $case: 'runContainer', value: { workload: 'web', epoch: 1, createJson: '' } },
    'containers.run',
    { containerId: 'c' },
  ],
  [{ $case: 'removeContainer', value: { workload: 'web', epoch: 1 } }, 'containers.remove', {}],
  [{ $case: 'adoptContainer', value: { container: 'web', epoch: 1 } }, 'containers.adopt', {}],
  [{ $case: 'inspectContainer', value: { workload: 'web' } }, 'containers.inspect', { inspectJson: '{}' }],
  [
    { $case: 'followLogs', value: { streamId: 's', workload: 'web', follow: true, tail: undefined } },
    'containers.followLogs',
    {},
  ],
  [{ $case: 'checkSource', value: { workload: 'web', epoch: 1 } }, 'checks.source', { source: aSource() }],
  [{ $case: 'checkTarget', value: { workload: 'web', source: aSource() } }, 'checks.target', {}],
  [{ $case: 'prepareSource', value: { ...order, workload: 'web', targetNode: 'edge-2' } }, 'source.prepare', {}],
  [
    {
      $case: 'prepareTarget',
      value: { ...order, workload: 'web', source: aSource(), sourceNode: 'edge-1', sourceAddress: 'a:1' },
    },
    'target.prepare',
    { containerId: 'c' },
  ],
  [{ $case: 'freezeSource', value: order }, 'source.freeze', { dumped }],
  [{ $case: 'resumeTarget', value: order }, 'target.run', { containerId: 'c' }],
  [{ $case: 'releaseSource', value: order }, 'source.release', { released: { frozenMs: 7 } }],
  [{ $case: 'finishTarget', value: order }, 'target.finish', {}],
  [{ $case: 'thawSource', value: order }, 'source.thaw', {}],
  [{ $case: 'discardTarget', value: order }, 'target.discard', {}],
];

for (const [body, part, answer] of rows) {
  test(`${body.$case} is carried out by ${part}`, async (t) => {
    const { asked, execute } = recorder();
    t.deepEqual(await execute(body), { containerId: '', inspectJson: '', ...answer } as never);
    t.deepEqual(asked, [[part, body.value]]);
  });
}

test('a command that this agent does not know is refused', async (t) => {
  const { asked, execute } = recorder();
  t.is((await rejectionOf(execute(undefined))).code, 'NOT_SUPPORTED');
  t.deepEqual(asked, []);
});
