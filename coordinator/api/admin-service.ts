import type { AdminServiceServer } from '../../proto/index.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Migrations } from '../migration/migrations-port.ts';
import { eventsApi } from './events-api.ts';
import { migrationsApi } from './migrations-api.ts';
import { type NodesApiOptions, nodesApi } from './nodes-api.ts';
import { type TokenBook, tokensApi } from './tokens-api.ts';
import { type WorkloadsApiOptions, workloadsApi } from './workloads-api.ts';

export interface AdminServiceOptions
  extends Omit<NodesApiOptions, 'agents' | 'workloads' | 'events'>,
    Omit<WorkloadsApiOptions, 'agents' | 'events'> {
  readonly agents: NodesApiOptions['agents'] & WorkloadsApiOptions['agents'];
  readonly migrations: Migrations;
  readonly tokens: TokenBook;
  readonly events: EventLog;
}

/** Everything that administrators may ask, one file per concern. */
export function createAdminService(options: AdminServiceOptions): AdminServiceServer {
  return {
    ...nodesApi(options),
    ...workloadsApi(options),
    ...migrationsApi(options),
    ...tokensApi(options),
    ...eventsApi(options),
  };
}
