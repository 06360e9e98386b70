import test from 'ava';
import { createAgents } from '../../../coordinator/nodes/agents.ts';
import { createSession } from '../../../coordinator/nodes/session.ts';
import { silentLog as log } from '../../support/silent-log.ts';
import { turns } from '../../support/turns.ts';

const never = new AbortController().signal;

const connected = () => {
  const [agents, session] = [createAgents({ log }), createSession('edge-1')];
  agents.open(session);
  return { agents, session };
};

test('a node without a session is lost after the grace', async (t) => {
  const agents = createAgents({ log });
  await t.notThrowsAsync(kept(agents.waitUntilLost('edge-1', 1, never)));
});

test('a node is lost when its session has ended, even while the call is still being wound up', async (t) => {
  const { agents, session } = connected();
  const lost = agents.waitUntilLost('edge-1', 1, never);
  await turns();
  session.end();
  await t.notThrowsAsync(kept(lost));
});

test('a node that comes back within the grace is not lost', async (t) => {
  const { agents, session } = connected();
  let isLost = false;
  void agents.waitUntilLost('edge-1', 60_000, never).then(() => {
    isLost = true;
  });
  agents.close(session);
  agents.open(createSession('edge-1'));
  await turns();
  t.false(isLost);
  // Nor is one whose session is taken over by a newer one.
  agents.open(createSession('edge-1'));
  await turns();
  t.false(isLost);
});

test('whoever stops waiting for a loss hears why', async (t) => {
  const { agents } = connected();
  const stop = new AbortController();
  const lost = agents.waitUntilLost('edge-1', 1, stop.signal);
  const reason = new Error('enough');
  stop.abort(reason);
  await t.throwsAsync(lost, { is: reason });
});

// A deadline alone keeps no process alive.
async function kept<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, 1000);
  return work.finally(() => clearInterval(timer));
}
