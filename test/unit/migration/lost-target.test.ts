import test from 'ava';
import { migrationHost, received } from '../../support/migration-host.ts';
import { turns } from '../../support/turns.ts';

for (const [phase, news] of [
  ['transferring', []],
  ['restoring', [received]],
] as const) {
  test(`a target that is lost while ${phase} does not keep the source frozen`, async (t) => {
    const host = await migrationHost(t);
    host.agents.answers.freezeSource = ({ migrationId: id, epoch }) => {
      setImmediate(() => {
        for (const body of news) host.news({ id, epoch }, body);
        setImmediate(() => host.agents.disconnect('edge-2'));
      });
      return { dumped: { bytesTotal: 1, dumpMs: 1 } };
    };
    const { id } = await host.start();
    await host.sent('edge-1 thawSource');
    await turns();
    t.like(await host.stored(id), { phase: 'aborting', failure: { code: 'AGENT_LOST' } });
    host.agents.connect('edge-2');
    const migration = await host.ended(id);
    t.is(migration.outcome, 'rolled_back');
    t.is(migration.phases.at(-2)?.phase, phase);
  });
}
