import { readFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { drover, droverJson, runWorkload } from '../support/cluster.ts';
import { runGuestAgent } from '../support/guest-agent.ts';
import { labDirectory } from '../support/lab-processes.ts';
import { goesOnUntouched, lifeOf } from '../support/life.ts';
import { refused } from '../support/refused.ts';
import { untilTrue } from '../support/until-true.ts';

interface TokenJson {
  readonly id: string;
  readonly token: string;
}
interface EventJson {
  readonly type: string;
  readonly message: string;
  readonly details: Readonly<Record<string, string>>;
}

const createToken = async (...args: string[]) =>
  (await droverJson<{ token: TokenJson }>('token', 'create', ...args)).token;

test.serial('a token that was used', async (t) => {
  const { token } = await createToken();
  const first = await runGuestAgent('guest-1', '--token', token);
  t.teardown(() => drover('node', 'remove', 'guest-1'));
  t.is(first.status, 0, first.stderr);
  t.regex(first.stdout, /joined the cluster/);
  const says = /^error: This join token was already used by guest-1; create a new one\. \(TOKEN_USED\)\n$/;
  await isRecorded(t, 'TOKEN_USED', await isTurnedAway(t, 'guest-2', token, says));
});

test.serial('a token that has expired', async (t) => {
  const { id, token } = await createToken('--ttl', '1s');
  await untilTrue(async () => (await stateOf(id)) === 'expired', 'the token has expired');
  const says = /^error: This join token has expired; create a new one\. \(TOKEN_EXPIRED\)\n$/;
  await isRecorded(t, 'TOKEN_EXPIRED', await isTurnedAway(t, 'guest-3', token, says));
});

test.serial('a token that was revoked', async (t) => {
  const { id, token } = await createToken();
  t.is((await drover('token', 'revoke', id)).status, 0);
  const says = /^error: This join token was revoked; create a new one\. \(TOKEN_REVOKED\)\n$/;
  await isRecorded(t, 'TOKEN_REVOKED', await isTurnedAway(t, 'guest-4', token, says));
});

test.serial('a token with a forged secret', async (t) => {
  const { token } = await createToken();
  const [kind, id, secret = '', ca] = token.split('.');
  const forged = [kind, id, [...secret].reverse().join(''), ca].join('.');
  const says = /^error: The coordinator does not know this join token; create a new one\. \(TOKEN_INVALID\)\n$/;
  await isRecorded(t, 'TOKEN_INVALID', await isTurnedAway(t, 'guest-5', forged, says));
});

test.serial('a token of another cluster never leaves the device', async (t) => {
  const { token } = await createToken();
  const foreign = [...token.split('.').slice(0, 3), 'A'.repeat(43)].join('.');
  await isTurnedAway(t, 'guest-6', foreign, /^error: [^\n]+ \(CA_MISMATCH\)\n$/);
});

test.serial('what is no token at all', async (t) => {
  await isTurnedAway(t, 'guest-7', 'letmein', /^error: This is not a join token; [^\n]+ \(TOKEN_INVALID\)\n$/);
});

test.serial('a name that is taken, which does not use the token up', async (t) => {
  const name = await runWorkload('edge-2', [], 'drover/counter');
  t.teardown(() => drover('rm', name));
  const before = await lifeOf('edge-2', name);
  const { id, token } = await createToken();
  const says = /^error: There is a node edge-2 already; choose another name[^\n]+ \(NODE_EXISTS\)\n$/;
  await isTurnedAway(t, 'edge-2', token, says);
  t.is(await stateOf(id), 'valid');
  await goesOnUntouched(t, { node: 'edge-2', name }, before);
});

test.serial('a token that does not exist cannot be revoked', (t) =>
  refused(t, ['token', 'revoke', 'ffffffffffff'], {
    ...{ status: 6, code: 'TOKEN_NOT_FOUND', says: /There is no join token "ffffffffffff"; "drover token ls"/ },
  }),
);

test.serial('none of the guests became a node, and the nodes are what they were', async (t) => {
  const { nodes } = await droverJson<{ nodes: { name: string; state: string }[] }>('nodes');
  const ready = nodes.filter(({ state }) => state === 'ready').map(({ name }) => name);
  t.deepEqual(ready, ['edge-1', 'edge-2', 'edge-3']);
  t.false(nodes.some(({ name }) => /^guest-[2-9]$/.test(name)));
});

/** An agent that wants to join and may not; returns what it said. */
async function isTurnedAway(t: ExecutionContext, name: string, token: string, says: RegExp): Promise<string> {
  const { status, stdout, stderr } = await runGuestAgent(name, '--token', token);
  t.is(status, says.source.includes('NODE_EXISTS') ? 3 : 1);
  t.regex(stderr, says);
  t.false(`${stdout}${stderr}`.includes(token), 'no token in the log');
  return stderr;
}

async function stateOf(id: string): Promise<string | undefined> {
  const { tokens } = await droverJson<{ tokens: { id: string; state: string }[] }>('token', 'ls');
  return tokens.find((token) => token.id === id)?.state;
}

/** The refusal is in the events and in the coordinator's log, with the sentence that the agent ended with. */
async function isRecorded(t: ExecutionContext, code: string, output: string): Promise<void> {
  const { events } = await droverJson<{ events: EventJson[] }>('events', '--since', '1m');
  const found = events.filter(({ type, details }) => type === 'token.refused' && details.code === code);
  t.true(found.length > 0, `${code} is in drover events`);
  const message = found.at(-1)?.message ?? '-';
  t.true(output.includes(message), 'in the same words');
  const log = await readFile(`${labDirectory()}/coordinator.log`, 'utf8');
  t.true(log.includes(`"msg":"refused or failed: ${message}"`));
}
