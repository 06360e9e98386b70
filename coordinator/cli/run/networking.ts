import { DroverError } from '../../../proto/index.ts';
import type { RunFlags } from './run-flags.ts';

type Endpoint = { Aliases?: string[] };

const withoutAliases = new Set(['default', 'bridge', 'host', 'none']);

/** The networks to join with their aliases; undefined when the network mode alone says it. */
export function networking(flags: RunFlags): { EndpointsConfig: Record<string, Endpoint> } | undefined {
  const [first, ...others] = flags.network ?? [];
  const aliases = [...(flags.networkAlias ?? [])];
  if (aliases.length > 0) refuseAliasesOf(first);
  if (first === undefined || (aliases.length === 0 && others.length === 0)) return undefined;
  const endpoints = [[first, aliases.length > 0 ? { Aliases: aliases } : {}], ...others.map((name) => [name, {}])];
  return { EndpointsConfig: Object.fromEntries(endpoints) };
}

// Only networks that a user made resolve names.
function refuseAliasesOf(network: string | undefined): void {
  if (network !== undefined && !withoutAliases.has(network) && !network.startsWith('container:')) return;
  throw new DroverError('BAD_USAGE', '--network-alias needs a --network that you made with `docker network create`.');
}
