import type { Token } from '../../../proto/index.ts';
import { humanTime } from './human.ts';
import { table } from './table.ts';

/** A join token as `token ls -o json` shows it. The secret is known only when it is made. */
export function tokenJson(token: Token) {
  return {
    id: token.id,
    state: token.state,
    used_by: token.usedBy || null,
    created_at: token.createdAt?.toISOString() ?? null,
    expires_at: token.expiresAt?.toISOString() ?? null,
  };
}

/** The table of `drover token ls`. */
export function tokensTable(tokens: readonly Token[]): string {
  if (tokens.length === 0) return 'No join tokens. `drover token create` makes one.';
  return table(tokens, [
    { head: 'ID', cell: ({ id }) => id },
    { head: 'STATE', cell: ({ state }) => state },
    { head: 'USED BY', cell: ({ usedBy }) => usedBy },
    { head: 'CREATED', cell: ({ createdAt }) => humanTime(createdAt) },
    { head: 'EXPIRES', cell: ({ expiresAt }) => humanTime(expiresAt) },
  ]);
}
