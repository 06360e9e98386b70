import test from 'ava';
import { joinTokens } from '../../../coordinator/security/join-tokens.ts';
import { openMemoryStore } from '../../../coordinator/store/memory-store.ts';
import { parseJoinToken } from '../../../proto/index.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

const hourMs = 3_600_000;
const caFingerprint = 'F'.repeat(43);
const use = (node: string) => ({ node, keyHash: `key of ${node}` });

async function someTokens() {
  const [store, clock] = [await openMemoryStore(), fakeClock()];
  return { store, clock, tokens: joinTokens({ store, clock, caFingerprint }) };
}

test('a token carries its id and the CA, is valid for three hours, and is shown only once', async (t) => {
  const { store, clock, tokens } = await someTokens();
  const { token, secret } = await tokens.create();
  t.is(parseJoinToken(secret).id, token.id);
  t.is(parseJoinToken(secret).caFingerprint, caFingerprint);
  t.is(Number(token.expiresAt) - Number(clock.now()), 3 * hourMs);
  t.false(JSON.stringify(await store.range('')).includes(parseJoinToken(secret).secret));
});

test('of many that consume a token at once, exactly one wins', async (t) => {
  const { tokens } = await someTokens();
  const token = parseJoinToken((await tokens.create()).secret);
  const outcomes = await Promise.allSettled(['a1', 'a2', 'a3', 'a4'].map((node) => tokens.consume(token, use(node))));
  t.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.code)).sort(),
    ['TOKEN_USED', 'TOKEN_USED', 'TOKEN_USED', 'first'],
  );
});

test('the states of tokens follow what happened to them', async (t) => {
  const { clock, tokens } = await someTokens();
  const made = [];
  for (let n = 0; n < 4; n += 1) {
    made.push(await tokens.create({ ttlMs: n === 0 ? hourMs : 5 * hourMs }));
    clock.advance(1);
  }
  await tokens.consume(parseJoinToken(made[1]?.secret ?? ''), use('edge-1'));
  await tokens.revoke(made[2]?.token.id ?? '');
  clock.advance(2 * hourMs);
  t.deepEqual(
    (await tokens.list()).map(({ state, usedBy }) => [state, usedBy]),
    [
      ['expired', ''],
      ['used', 'edge-1'],
      ['revoked', ''],
      ['valid', ''],
    ],
  );
});

test('revoking is for tokens that exist and are not used', async (t) => {
  const { tokens } = await someTokens();
  const { token, secret } = await tokens.create();
  t.is((await tokens.revoke(token.id)).state, 'revoked');
  t.is((await tokens.revoke(token.id)).state, 'revoked');
  t.is((await rejectionOf(tokens.consume(parseJoinToken(secret), use('edge-1')))).code, 'TOKEN_REVOKED');
  for (const id of ['', 'absent']) t.is((await rejectionOf(tokens.revoke(id))).code, 'TOKEN_NOT_FOUND');
  const other = await tokens.create();
  await tokens.consume(parseJoinToken(other.secret), use('edge-1'));
  t.is((await rejectionOf(tokens.revoke(other.token.id))).code, 'TOKEN_USED');
});

test('the token of another cluster is refused before its secret is looked at', async (t) => {
  const { tokens } = await someTokens();
  const token = { ...parseJoinToken((await tokens.create()).secret), caFingerprint: 'G'.repeat(43) };
  t.is((await rejectionOf(tokens.check(token, use('edge-1')))).code, 'CA_MISMATCH');
});

test('tokens are forgotten a month after they ran out', async (t) => {
  const { clock, tokens } = await someTokens();
  const { token } = await tokens.create();
  clock.advance(31 * 24 * hourMs);
  await tokens.create();
  t.false((await tokens.list()).some(({ id }) => id === token.id));
});

for (const ttlMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
  test(`a token cannot live ${ttlMs} ms`, async (t) => {
    const { tokens } = await someTokens();
    t.is((await rejectionOf(tokens.create({ ttlMs }))).code, 'INVALID_ARGUMENT');
  });
}
