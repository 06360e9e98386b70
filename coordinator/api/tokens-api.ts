import { type AdminServiceServer, DroverError, type Token } from '../../proto/index.ts';
import type { EventLog } from '../events/event-log.ts';
import type { AdminCalls } from './admin-calls.ts';

/** Join tokens, as far as the API needs them. */
export interface TokenBook {
  create(options: { readonly ttlMs: number }): Promise<{ readonly token: Token; readonly secret: string }>;
  list(): Promise<readonly Token[]>;
  /** Rejects TOKEN_NOT_FOUND. */
  revoke(id: string): Promise<Token>;
}

export type TokensApi = Pick<AdminServiceServer, 'createToken' | 'listTokens' | 'revokeToken'>;

const defaultTtlSeconds = 3 * 3600;
// A token that is good for longer is a password.
const longestTtlSeconds = 30 * 24 * 3600;

/** The calls about join tokens. */
export function tokensApi(options: {
  readonly calls: AdminCalls;
  readonly tokens: TokenBook;
  readonly events: Pick<EventLog, 'record'>;
}): TokensApi {
  const { calls, tokens, events } = options;
  return {
    createToken: calls.unary(async ({ ttlSeconds }) => {
      if (ttlSeconds > longestTtlSeconds) {
        throw new DroverError('INVALID_ARGUMENT', 'A join token is valid for 30 days at most; ask for less.');
      }
      const created = await tokens.create({ ttlMs: (ttlSeconds || defaultTtlSeconds) * 1000 });
      await record('token.created', created.token, 'was created');
      return created;
    }),
    listTokens: calls.unary(async () => ({ tokens: await tokens.list() })),
    revokeToken: calls.unary(async ({ id }) => {
      const token = await tokens.revoke(id);
      await record('token.revoked', token, 'was revoked');
      return { token };
    }),
  };

  function record(type: string, { id }: Token, what: string): Promise<void> {
    return events.record({ type, message: `Join token ${id} ${what}.`, details: { token: id } });
  }
}
