import test from 'ava';
import { DroverError, type ErrorCode } from '../../../proto/index.ts';
import type { CommandKind } from '../../support/fake-agents.ts';
import { migrationHost, received } from '../../support/migration-host.ts';
import { turns } from '../../support/turns.ts';

type Host = Awaited<ReturnType<typeof migrationHost>>;

const failWith = (code: ErrorCode) => () => {
  throw new DroverError(code, `It failed with ${code}.`, { details: { why: 'test' } });
};
const failed = (code: ErrorCode) => ({ $case: 'failed', value: { code, message: 'No.', details: {} } }) as const;

// A source that dumps, after which the target says this.
const dumpsThen = (host: Host, ...bodies: Parameters<Host['news']>[1][]) => {
  host.agents.answers.freezeSource = ({ migrationId: id, epoch }) => {
    setImmediate(() => {
      for (const body of bodies) host.news({ id, epoch }, body);
    });
    return { dumped: { bytesTotal: 1, dumpMs: 1 } };
  };
};

interface Failure {
  readonly title: string;
  readonly code: ErrorCode;
  readonly given: (host: Host) => void;
  /** The last command before the rollback. */
  readonly last: string;
  readonly phase: string;
}

const failures: Failure[] = [
  {
    ...{ title: 'the source cannot be prepared', code: 'CONTAINER_NOT_FOUND' },
    ...{ last: 'edge-1 prepareSource', phase: 'preparing' },
    given: ({ agents }) => {
      agents.answers.prepareSource = failWith('CONTAINER_NOT_FOUND');
    },
  },
  {
    ...{ title: 'the target cannot be prepared', code: 'IMAGE_NOT_FOUND' },
    ...{ last: 'edge-2 prepareTarget', phase: 'preparing' },
    given: ({ agents }) => {
      agents.answers.prepareTarget = failWith('IMAGE_NOT_FOUND');
    },
  },
  {
    ...{ title: 'the target is lost while it prepares', code: 'AGENT_LOST' },
    ...{ last: 'edge-2 prepareTarget', phase: 'preparing' },
    given: ({ agents }) => {
      agents.answers.prepareTarget = failWith('AGENT_LOST');
    },
  },
  {
    ...{ title: 'the tasks cannot be frozen', code: 'FREEZE_FAILED' },
    ...{ last: 'edge-1 freezeSource', phase: 'freezing' },
    given: ({ agents }) => {
      agents.answers.freezeSource = failWith('FREEZE_FAILED');
    },
  },
  {
    ...{ title: 'the target fails while the source freezes', code: 'TRANSFER_FAILED' },
    ...{ last: 'edge-1 freezeSource', phase: 'freezing' },
    given: (host) => {
      host.agents.answers.freezeSource = ({ migrationId: id, epoch }) => {
        host.news({ id, epoch }, failed('TRANSFER_FAILED'));
        return new Promise(() => undefined);
      };
    },
  },
  {
    ...{ title: 'the transfer fails', code: 'CHUNK_CORRUPT' },
    ...{ last: 'edge-1 freezeSource', phase: 'transferring' },
    given: (host) => dumpsThen(host, failed('CHUNK_CORRUPT')),
  },
  {
    ...{ title: 'the restore fails', code: 'RESTORE_FAILED' },
    ...{ last: 'edge-1 freezeSource', phase: 'restoring' },
    given: (host) => dumpsThen(host, received, failed('RESTORE_FAILED')),
  },
];

for (const { title, code, given, last, phase } of failures) {
  test(`rolled back when ${title}`, async (t) => {
    const host = await migrationHost(t);
    given(host);
    const { id } = await host.start();
    const migration = await host.ended(id);
    t.like(migration, { phase: 'rolled_back', outcome: 'rolled_back', failure: { code } });
    t.is(migration.phases.at(-2)?.phase, phase);
    t.deepEqual(host.agents.orders().slice(-3), [last, 'edge-1 thawSource', 'edge-2 discardTarget']);
    t.deepEqual(host.workloads.get('web'), { name: 'web', node: 'edge-1', containerId: 'c-old', epoch: 4, image: 'i' });
    t.is((await host.stored(id))?.failure?.code, code);
    t.deepEqual(await host.events(), ['migration.started', 'migration.rolled_back']);
  });
}

for (const [phase, given, limit] of [
  ['prepareTarget', {}, { prepareMs: 20 }],
  ['freezeSource', {}, { freezeMs: 20 }],
  ['received', { dumps: [] }, { transferMs: 20 }],
  ['restored', { dumps: [received] }, { restoreMs: 20 }],
] as const) {
  test(`rolled back when there is no answer in time: ${phase}`, async (t) => {
    const host = await migrationHost(t, limit);
    if ('dumps' in given) dumpsThen(host, ...given.dumps);
    else host.agents.answers[phase as 'freezeSource'] = () => new Promise(() => undefined);
    const migration = await host.ended((await host.start()).id);
    t.like(migration, { outcome: 'rolled_back', failure: { code: 'TIMEOUT' } });
  });
}

test('the code, the sentence and the facts of the failure are kept', async (t) => {
  const host = await migrationHost(t);
  host.agents.answers.freezeSource = failWith('CHECKPOINT_FAILED');
  const { id } = await host.start();
  const { failure, reason } = await host.ended(id);
  t.deepEqual(failure, {
    code: 'CHECKPOINT_FAILED',
    message: 'It failed with CHECKPOINT_FAILED.',
    details: { why: 'test' },
  });
  t.is(reason, 'It failed with CHECKPOINT_FAILED.');
  await host.restart();
  t.deepEqual((await host.engine.get(id)).failure, failure);
});

test('a target that has failed before the freeze spares the source the freeze', async (t) => {
  const host = await migrationHost(t);
  host.agents.answers.prepareTarget = ({ migrationId: id, epoch }) => {
    host.news({ id, epoch }, failed('TRANSFER_FAILED'));
    return { containerId: 'c-new' };
  };
  const migration = await host.ended((await host.start()).id);
  t.like(migration, { outcome: 'rolled_back', failure: { code: 'TRANSFER_FAILED' } });
  t.false(host.agents.orders().includes('edge-1 freezeSource'));
});

// Fails some times, then succeeds.
const failsFirst = (host: Host, kind: CommandKind, codes: ErrorCode[]) => {
  const answer = host.agents.answers[kind] as ((...args: unknown[]) => object) | undefined;
  host.agents.answers[kind] = (...args: unknown[]) => {
    const code = codes.shift();
    if (code !== undefined) failWith(code)();
    return answer?.(...args) ?? {};
  };
};

for (const [kind, node] of [
  ['resumeTarget', 'edge-2'],
  ['releaseSource', 'edge-1'],
  ['finishTarget', 'edge-2'],
] as const) {
  test(`after the commit ${kind} is repeated until it succeeds`, async (t) => {
    const host = await migrationHost(t);
    failsFirst(host, kind, ['AGENT_LOST', 'TIMEOUT', 'DOCKER_FAILED']);
    const migration = await host.ended((await host.start()).id);
    t.like(migration, { outcome: 'committed', failure: undefined });
    const orders = host.agents.orders();
    t.is(orders.filter((order) => order === `${node} ${kind}`).length, 4);
    t.false(orders.some((order) => /thaw|discard/.test(order)));
    t.like(host.workloads.get('web'), { node: 'edge-2', containerId: 'c-new', epoch: 5 });
  });
}

for (const [kind, node] of [
  ['thawSource', 'edge-1'],
  ['discardTarget', 'edge-2'],
] as const) {
  test(`in a rollback ${kind} is repeated until it succeeds`, async (t) => {
    const host = await migrationHost(t);
    host.agents.answers.freezeSource = failWith('FREEZE_FAILED');
    failsFirst(host, kind, ['AGENT_LOST', 'TIMEOUT', 'DOCKER_FAILED']);
    const migration = await host.ended((await host.start()).id);
    t.like(migration, { outcome: 'rolled_back', failure: { code: 'FREEZE_FAILED' } });
    t.is(host.agents.orders().filter((order) => order === `${node} ${kind}`).length, 4);
  });
}

test('a target that has promised never to run turns the commit into a rollback', async (t) => {
  const host = await migrationHost(t);
  host.agents.answers.resumeTarget = failWith('TOO_LATE');
  const { id } = await host.start();
  const migration = await host.ended(id);
  t.like(migration, { outcome: 'rolled_back', failure: { code: 'TOO_LATE' } });
  t.deepEqual(host.agents.orders().slice(-3), ['edge-2 resumeTarget', 'edge-1 thawSource', 'edge-2 discardTarget']);
  t.like(host.workloads.get('web'), { node: 'edge-1', epoch: 4 });
});

test('the same word from the source is no promise: the commit stands', async (t) => {
  const host = await migrationHost(t);
  failsFirst(host, 'releaseSource', ['TOO_LATE', 'TOO_LATE']);
  t.is((await host.ended((await host.start()).id)).outcome, 'committed');
});

test('a node that is gone after the commit is waited for, and the workload stays busy until then', async (t) => {
  const host = await migrationHost(t);
  host.agents.answers.resumeTarget = () => {
    host.agents.disconnect('edge-2');
    throw new DroverError('AGENT_LOST', 'Lost.');
  };
  const { id } = await host.start();
  await host.sent('edge-2 resumeTarget');
  await turns();
  t.is((await host.stored(id))?.phase, 'resuming');
  t.is(host.workloads.get('web')?.migrationId, id);
  host.agents.answers.resumeTarget = () => ({ containerId: 'c-new' });
  host.agents.connect('edge-2');
  t.is((await host.ended(id)).outcome, 'committed');
});

test('a repeated commit that finds nothing left to do keeps the container that was prepared', async (t) => {
  const host = await migrationHost(t);
  host.agents.answers.resumeTarget = () => ({ containerId: '' });
  await host.ended((await host.start()).id);
  t.is(host.workloads.get('web')?.containerId, 'c-new');
});

test('a store that fails to take the commit keeps the target from running', async (t) => {
  const host = await migrationHost(t);
  const { transact } = host.store;
  host.store.transact = async (transaction) => {
    const [operation] = transaction.then;
    if (operation && 'put' in operation && operation.value.includes('"phase":"resuming"')) throw new Error('disk full');
    return transact(transaction);
  };
  const { id } = await host.start();
  await host.sent('edge-1 freezeSource');
  await turns(50);
  t.false(host.agents.orders().includes('edge-2 resumeTarget'));
  t.is((await host.stored(id))?.phase, 'restoring');
});
