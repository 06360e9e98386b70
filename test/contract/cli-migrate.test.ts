import test from 'ava';
import { DroverError, Migration, type StartMigrationRequest } from '../../proto/index.ts';
import { answer, answerStream, contextArgs } from '../support/fake-admin.ts';
import { runDrover } from '../support/run-drover.ts';

const running = Migration.fromPartial({ id: 'm-1', workload: 'web', from: 'edge-1', to: 'edge-2', phase: 'preparing' });
const committed: Migration = { ...running, phase: 'committed', outcome: 'committed', downtimeMs: 850, bytesSent: 2048 };

test('migrate shows each phase and ends with a summary', async (t) => {
  let asked: StartMigrationRequest | undefined;
  const context = await contextArgs(t, {
    startMigration: answer(async (request: StartMigrationRequest) => {
      asked = request;
      return { migration: running };
    }),
    watchMigration: answerStream(async function* () {
      yield { migration: running };
      yield { migration: { ...running, phase: 'transferring', bytesSent: 1024, bytesTotal: 2048 } };
      yield { migration: committed };
    }),
  });
  const { status, stdout } = await runDrover(['migrate', 'web', '--to', 'edge-2', '--timeout', '5m', ...context]);
  t.is(status, 0);
  const lines = stdout.trimEnd().split('\n');
  t.is(lines[0], 'web: edge-1 → edge-2  preparing');
  t.regex(lines[1] ?? '', /transferring {2}1\.0 KiB \/ 2\.0 KiB \(50 %\)/);
  t.is(lines.at(-1), 'web moved from edge-1 to edge-2: downtime 850 ms, 2.0 KiB sent, 0 ms in all');
  t.deepEqual(asked, { workload: 'web', to: 'edge-2', strategy: 'auto', timeoutMs: 300_000, dryRun: false });
});

const rollsBack = test.macro({
  exec: async (t, code: string, status: number) => {
    const failure = { code, message: 'It failed.', details: { phase: 'preparing' } };
    const rolledBack = { ...running, outcome: 'rolled_back', reason: 'It failed.', failure };
    const context = await contextArgs(t, {
      startMigration: answer(async () => ({ migration: running })),
      watchMigration: answerStream(async function* () {
        yield { migration: rolledBack };
      }),
    });
    const run = await runDrover(['migrate', 'web', '-o', 'json', ...context]);
    t.is(run.status, status);
    t.is(JSON.parse(run.stdout).migration.outcome, 'rolled_back');
    const details = { phase: 'preparing', migration: 'm-1', workload: 'web' };
    t.deepEqual(JSON.parse(run.stderr), { error: { code, message: 'It failed.', details } });
  },
  title: (_, code: string, status: number) => `a migration rolled back with ${code} ends with status ${status}`,
});

test(rollsBack, 'CHECKPOINT_FAILED', 1);
test(rollsBack, 'TARGET_TOO_SMALL', 3);
test(rollsBack, 'TIMEOUT', 5);

test('Ctrl-C while watching leaves the migration running and says so', async (t) => {
  const context = await contextArgs(t, {
    startMigration: answer(async () => ({ migration: running })),
    watchMigration: answerStream(async function* (_request: unknown, { signal }) {
      yield { migration: running };
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    }),
    cancelMigration: answer(async () => t.fail('it must not be cancelled') as never),
  });
  const { status, stderr } = await runDrover(['migrate', 'web', ...context], {
    onOutput: (_, child) => child.kill('SIGINT'),
  });
  t.is(status, 1);
  t.regex(
    stderr,
    /^error: Stopped watching, but migration m-1 goes on: .*`drover migration watch m-1`.* \(CANCELLED\)\n$/,
  );
});

test('a coordinator that goes away while a migration is watched is asked again', async (t) => {
  let watches = 0;
  const context = await contextArgs(t, {
    watchMigration: answerStream(async function* () {
      watches++;
      yield { migration: watches === 1 ? running : committed };
      if (watches === 1) throw new DroverError('SHUTTING_DOWN', 'The coordinator is stopping.');
    }),
  });
  const { status, stdout } = await runDrover(['migration', 'watch', 'm-1', ...context]);
  t.is(status, 0);
  t.regex(stdout, /The coordinator is stopping\. Trying again …\n/);
  t.regex(stdout, /web moved from edge-1 to edge-2/);
});
