import test, { type ExecutionContext } from 'ava';
import { DroverError, type ErrorCode } from '../../../proto/index.ts';
import { mib } from '../../support/a-fleet.ts';
import { aSource, migrationHost } from '../../support/migration-host.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

type Host = Awaited<ReturnType<typeof migrationHost>>;
type Request = Parameters<Host['start']>[0];

interface Refusal {
  readonly title: string;
  readonly code: ErrorCode;
  readonly request?: Request;
  readonly given?: (host: Host) => unknown;
  /** A part of the sentence. */
  readonly says: RegExp;
}

const refuse = (code: ErrorCode, message: string) => () => {
  throw new DroverError(code, message);
};

const refusals: Refusal[] = [
  {
    ...{ title: 'a strategy that does not exist yet', code: 'STRATEGY_UNAVAILABLE', says: /use cold or auto/ },
    request: { strategy: 'post-copy' },
  },
  {
    ...{ title: 'a workload that does not exist', code: 'WORKLOAD_NOT_FOUND', says: /nope/ },
    request: { workload: 'nope' },
  },
  {
    ...{ title: 'a workload that is being moved', code: 'WORKLOAD_BUSY', says: /m-other/ },
    given: ({ workloads }) => workloads.beginMigration('web', 'm-other'),
  },
  {
    ...{ title: 'a target that does not exist', code: 'NODE_NOT_FOUND', says: /edge-9/ },
    request: { to: 'edge-9' },
  },
  {
    ...{ title: 'the node that it is on', code: 'SAME_NODE', says: /on edge-1 already/ },
    request: { to: 'edge-1' },
  },
  {
    ...{ title: 'a target that is down', code: 'NODE_DOWN', says: /edge-2 is down/ },
    given: ({ nodes }) => nodes.disconnected('edge-2'),
  },
  {
    ...{ title: 'a target that is cordoned', code: 'NODE_CORDONED', says: /uncordon edge-2/ },
    given: ({ nodes }) => nodes.cordon('edge-2', true),
  },
  {
    ...{ title: 'a source that is down', code: 'NODE_DOWN', says: /edge-1 is down/ },
    given: ({ nodes }) => nodes.disconnected('edge-1'),
  },
  {
    ...{ title: 'a source that went away a moment ago', code: 'NODE_DOWN', says: /edge-1/ },
    given: ({ agents }) => agents.disconnect('edge-1'),
  },
  {
    ...{ title: 'a container that cannot be moved', code: 'UNMOVABLE', says: /It uses io_uring\. It has a device\./ },
    given: ({ agents }) => {
      agents.answers.checkSource = () => ({ source: aSource({ reasons: ['It uses io_uring.', 'It has a device.'] }) });
    },
  },
  {
    ...{ title: 'a source that holds another epoch', code: 'STALE_EPOCH', says: /Old/ },
    given: ({ agents }) => {
      agents.answers.checkSource = refuse('STALE_EPOCH', 'Old.');
    },
  },
  {
    ...{ title: 'a source that answers nothing', code: 'BAD_MESSAGE', says: /edge-1/ },
    given: ({ agents }) => {
      agents.answers.checkSource = () => ({});
    },
  },
  {
    ...{ title: 'a fleet without room', code: 'NO_TARGET', says: /./ },
    request: { to: undefined },
    given: ({ agents }) => {
      agents.answers.checkSource = () => ({ source: aSource({ memoryBytes: 2000 * mib }) });
    },
  },
  {
    ...{ title: 'a target that is too small', code: 'TARGET_TOO_SMALL', says: /Too small/ },
    given: ({ agents }) => {
      agents.answers.checkTarget = refuse('TARGET_TOO_SMALL', 'Too small.');
    },
  },
  {
    ...{ title: 'a target that cannot restore', code: 'TARGET_INCOMPATIBLE', says: /No shim/ },
    given: ({ agents }) => {
      agents.answers.checkTarget = refuse('TARGET_INCOMPATIBLE', 'No shim.');
    },
  },
  {
    ...{ title: 'a target that has the name', code: 'WORKLOAD_EXISTS', says: /Taken/ },
    given: ({ agents }) => {
      agents.answers.checkTarget = refuse('WORKLOAD_EXISTS', 'Taken.');
    },
  },
];

for (const { title, code, request, given, says } of refusals) {
  test(`refused before anything is touched: ${title}`, async (t) => {
    const host = await migrationHost(t);
    await given?.(host);
    const before = await host.store.range('');
    const error = await rejectionOf(host.start(request));
    t.is(error.code, code);
    t.regex(error.message, says);
    t.deepEqual(await host.store.range(''), before);
    onlyQuestions(t, host);
  });
}

test('a refusal that needs no question asks none', async (t) => {
  const host = await migrationHost(t);
  for (const request of [{ strategy: 'warm' }, { workload: 'nope' }, { to: 'edge-9' }, { to: 'edge-1' }]) {
    await rejectionOf(host.start(request));
  }
  t.deepEqual(host.agents.sent, []);
});

test('without a target the policy chooses one, says why, and that one is asked', async (t) => {
  const host = await migrationHost(t);
  await host.nodes.cordon('edge-2', true);
  const { to, reason } = await host.engine.start({ workload: 'web', strategy: 'auto', dryRun: true });
  t.is(to, 'edge-3');
  t.regex(reason, /edge-3/);
  t.deepEqual(host.agents.orders(), ['edge-1 checkSource', 'edge-3 checkTarget']);
});

test('the target is asked with what the source said', async (t) => {
  const host = await migrationHost(t);
  const source = aSource({ memoryBytes: 7 * mib, image: 'drover/fn-node', createJson: '{"Image":"x"}' });
  host.agents.answers.checkSource = () => ({ source });
  await host.start({ dryRun: true });
  t.like(host.agents.sent[1]?.body, { $case: 'checkTarget', value: { workload: 'web', source } });
});

function onlyQuestions(t: ExecutionContext, { agents }: Host): void {
  t.deepEqual(
    agents.sent.filter(({ body }) => body.$case !== 'checkSource' && body.$case !== 'checkTarget'),
    [],
  );
}
