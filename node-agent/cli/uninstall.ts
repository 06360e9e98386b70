import { DroverError } from '../../proto/index.ts';
import { droverRuntime } from '../docker/container-spec.ts';
import type { Engine } from '../docker/engine-port.ts';
import { readOptional } from '../memory/read-optional.ts';
import { withoutEmptyRuntimes, withoutRuntime } from './daemon-json.ts';
import { type InstallDependencies, MachineChanges } from './machine-changes.ts';

export interface UninstallOptions {
  /** Also removes the agent's data: its identity and its ledger. */
  readonly purge: boolean;
  readonly dryRun: boolean;
}

/** Undoes `install`. Rejects NODE_NOT_EMPTY while a container needs the runtime: Docker could never start it again. */
export async function uninstall(dependencies: InstallDependencies, options: UninstallOptions): Promise<void> {
  const { places, engine } = dependencies;
  await refuseIfUsed(engine);
  const change = new MachineChanges(dependencies, options);
  await change.remove(places.unitFile);
  await unregister(change, places.daemonJson);
  await change.remove(places.library);
  if (options.purge) await change.remove(places.dataDir);
}

async function unregister(change: MachineChanges, file: string): Promise<void> {
  const changed = withoutRuntime((await readOptional(file)) ?? '', file);
  if (changed !== undefined) await change.write(file, changed, 0o644);
  await change.reload((runtimes) => !runtimes.includes(droverRuntime), { always: changed !== undefined });
  const tidy = withoutEmptyRuntimes((await readOptional(file)) ?? '', file);
  if (changed !== undefined && tidy !== undefined) await change.write(file, tidy, 0o644);
}

async function refuseIfUsed(engine: Pick<Engine, 'list' | 'inspect'>): Promise<void> {
  const containers = await engine.list();
  const uses = await Promise.all(containers.map(({ id }) => engine.inspect(id)));
  const names = uses.filter(({ HostConfig }) => HostConfig.Runtime === droverRuntime).map(({ Name }) => Name.slice(1));
  if (names.length === 0) return;
  const message = `Docker could no longer start ${names.join(', ')} without the drover runtime: migrate or remove what uses it first.`;
  throw new DroverError('NODE_NOT_EMPTY', message, { details: { containers: names.join(',') } });
}
