import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { DroverError, formatJoinToken, type JoinToken, type Token } from '../../proto/index.ts';
import type { Clock } from '../clock.ts';
import { type Collection, collection, type StoredRecord } from '../store/collection.ts';
import type { Store } from '../store/port.ts';

/** Tokens live this long when nothing else is said: 3 hours. */
export const defaultTokenTtlMs = 3 * 60 * 60 * 1000;

// Tokens that ran out stay in the list for this long, so that one can see what became of them.
const keptAfterExpiryMs = 30 * 24 * 60 * 60 * 1000;

const tokenRecord = z.object({
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  /** SHA-256 of the secret, base64url; the secret itself is 256 random bits and needs no slow hash. */
  secretHash: z.string(),
  revoked: z.boolean().exactOptional(),
  used: z.object({ by: z.string(), keyHash: z.string() }).exactOptional(),
});
type TokenRecord = z.infer<typeof tokenRecord>;

/** Who wants to join with a token. */
export interface TokenUse {
  readonly node: string;
  /** SHA-256 of the public key in its certificate request. */
  readonly keyHash: string;
}

export interface JoinTokens {
  /** Makes a token. `secret` is its whole text, shown once; only a hash is kept. `ttlMs` defaults to 3 hours. */
  create(options?: { readonly ttlMs?: number }): Promise<{ readonly token: Token; readonly secret: string }>;
  /** Oldest first. */
  list(): Promise<readonly Token[]>;
  /** Revoking twice is fine. Rejects TOKEN_NOT_FOUND, and TOKEN_USED when it is too late. */
  revoke(id: string): Promise<Token>;
  /**
   * Whether the use would be the first, or repeats the one that was (same node, same key: its answer was lost).
   * Rejects TOKEN_INVALID, TOKEN_USED, TOKEN_EXPIRED, TOKEN_REVOKED; CA_MISMATCH for the token of another cluster.
   */
  check(token: JoinToken, use: TokenUse): Promise<'first' | 'repeated'>;
  /** Like `check`, and uses the token up. Of two different uses at once, one wins and the other gets TOKEN_USED. */
  consume(token: JoinToken, use: TokenUse): Promise<'first' | 'repeated'>;
}

/** The join tokens of a cluster, kept in its store. */
export function joinTokens(options: {
  readonly store: Store;
  readonly clock: Pick<Clock, 'now'>;
  /** As in the certificate authority: put into each token. */
  readonly caFingerprint: string;
}): JoinTokens {
  const { store, clock, caFingerprint } = options;
  const records = collection(store, 'tokens/', tokenRecord);

  return {
    async create({ ttlMs = defaultTokenTtlMs } = {}) {
      requirePositive(ttlMs);
      await prune(records, clock.now());
      const [id, secret] = [randomBytes(6).toString('hex'), randomBytes(32).toString('base64url')];
      const [createdAt, expiresAt] = [clock.now(), new Date(clock.now().getTime() + ttlMs)].map((at) =>
        at.toISOString(),
      );
      const record = tokenRecord.parse({ createdAt, expiresAt, secretHash: hashOf(secret) });
      await records.create(id, record);
      return { token: view(id, record), secret: formatJoinToken({ id, secret, caFingerprint }) };
    },

    list: async () =>
      (await records.list())
        .map(({ id, value }) => view(id, value))
        .sort((a, b) => Number(a.createdAt) - Number(b.createdAt)),

    async revoke(id) {
      await requireKnown(id);
      const record = await records.update(id, (current) => {
        if (current.used !== undefined) throw usedBefore(id, current.used.by);
        return { ...current, revoked: true };
      });
      return view(id, record);
    },

    check: async (token, use) => admit(token, await genuine(token), use),

    async consume(token, use) {
      await genuine(token);
      let outcome: 'first' | 'repeated' = 'repeated';
      await records.update(token.id, (current) => {
        outcome = admit(token, current, use);
        return { ...current, used: { by: use.node, keyHash: use.keyHash } };
      });
      return outcome;
    },
  };

  // What is wrong with a token is told only to those who hold its secret.
  async function genuine({ id, secret, caFingerprint: expected }: JoinToken): Promise<TokenRecord> {
    if (expected !== caFingerprint) {
      throw new DroverError('CA_MISMATCH', 'This join token belongs to another cluster; use one of this coordinator.', {
        details: { token: id },
      });
    }
    const record = (await records.get(id))?.value;
    if (record !== undefined && isSecret(secret, record)) return record;
    throw new DroverError('TOKEN_INVALID', 'The coordinator does not know this join token; create a new one.', {
      details: { token: id },
    });
  }

  function admit({ id }: JoinToken, record: TokenRecord, use: TokenUse): 'first' | 'repeated' {
    const state = stateOf(record, clock.now());
    const expired = clock.now() > new Date(record.expiresAt);
    const same = record.used?.by === use.node && record.used.keyHash === use.keyHash;
    if (state === 'used' && same && !expired) return 'repeated';
    if (state === 'used') throw usedBefore(id, record.used?.by ?? '');
    if (state === 'valid') return 'first';
    const [code, what] =
      state === 'revoked' ? (['TOKEN_REVOKED', 'was revoked'] as const) : (['TOKEN_EXPIRED', 'has expired'] as const);
    throw new DroverError(code, `This join token ${what}; create a new one.`, { details: { token: id } });
  }

  async function requireKnown(id: string): Promise<void> {
    if (id !== '' && (await records.get(id)) !== undefined) return;
    throw new DroverError(
      'TOKEN_NOT_FOUND',
      `There is no join token "${id}"; "drover token ls" shows those there are.`,
      {
        details: { token: id },
      },
    );
  }

  function view(id: string, record: TokenRecord): Token {
    return {
      id,
      createdAt: new Date(record.createdAt),
      expiresAt: new Date(record.expiresAt),
      state: stateOf(record, clock.now()),
      usedBy: record.used?.by ?? '',
    };
  }
}

function stateOf({ used, revoked, expiresAt }: TokenRecord, now: Date): 'used' | 'revoked' | 'expired' | 'valid' {
  if (used !== undefined) return 'used';
  if (revoked === true) return 'revoked';
  return now > new Date(expiresAt) ? 'expired' : 'valid';
}

function isSecret(secret: string, { secretHash }: TokenRecord): boolean {
  const [given, known] = [Buffer.from(hashOf(secret)), Buffer.from(secretHash)];
  return given.length === known.length && timingSafeEqual(given, known);
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

async function prune(records: Collection<TokenRecord>, now: Date): Promise<void> {
  const isOld = ({ value }: StoredRecord<TokenRecord>) =>
    now.getTime() - new Date(value.expiresAt).getTime() > keptAfterExpiryMs;
  for (const { id } of (await records.list()).filter(isOld)) await records.delete(id);
}

function requirePositive(ttlMs: number): void {
  if (ttlMs > 0 && Number.isFinite(ttlMs)) return;
  throw new DroverError('INVALID_ARGUMENT', 'A join token must be valid for some time; give it a positive duration.');
}

function usedBefore(id: string, by: string): DroverError {
  return new DroverError('TOKEN_USED', `This join token was already used by ${by}; create a new one.`, {
    details: { token: id, usedBy: by },
  });
}
