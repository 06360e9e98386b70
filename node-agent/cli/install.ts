import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { droverRuntime } from '../docker/container-spec.ts';
import { readOptional } from '../memory/read-optional.ts';
import { withRuntime } from './daemon-json.ts';
import { runtimeFiles } from './install-places.ts';
import { type InstallDependencies, MachineChanges } from './machine-changes.ts';
import { environmentFile, systemdUnit } from './systemd-unit.ts';

export interface InstallOptions {
  readonly systemd: boolean;
  readonly dryRun: boolean;
}

/**
 * Puts the runtime shim in place, registers it with Docker and writes a systemd unit. Doing it again does no harm.
 * Rejects BAD_USAGE when Docker's configuration is not valid, and what reloadDocker rejects with.
 */
export async function install(dependencies: InstallDependencies, options: InstallOptions): Promise<void> {
  const { places } = dependencies;
  const change = new MachineChanges(dependencies, options);
  // Looked at first: a configuration that cannot be read must stop everything.
  const text = await readOptional(places.daemonJson);
  const changed = withRuntime(text ?? '', join(places.library, 'drover-runc'), places.daemonJson);
  for (const { from, to } of runtimeFiles(places)) {
    await change.write(to, await readFile(from, 'utf8'), 0o755);
  }
  if (changed !== undefined) await change.write(places.daemonJson, changed, 0o644, { backup: text !== undefined });
  try {
    await change.reload((runtimes) => runtimes.includes(droverRuntime), { always: changed !== undefined });
  } catch (error) {
    // A configuration that Docker refuses to reload would keep it from starting, too.
    if (changed !== undefined) await change.putBack(places.daemonJson, text);
    throw error;
  }
  if (options.systemd) await change.write(places.unitFile, systemdUnit(places), 0o644);
}

/** What is left to be done by hand after an installation. Pure. */
export function nextSteps({ systemd }: Pick<InstallOptions, 'systemd'>): string[] {
  const steps = ['', 'Next: `drover token create` on the coordinator gives a token, then here:'];
  if (!systemd) return [...steps, '  drover agent --coordinator HOST:7400 --token TOKEN'];
  return [
    ...steps,
    `  echo 'DROVER_AGENT_FLAGS="--coordinator HOST:7400 --token TOKEN"' > ${environmentFile}`,
    '  systemctl daemon-reload && systemctl enable --now drover-agent',
  ];
}
