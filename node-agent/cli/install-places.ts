import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where an installation reads from and writes to. */
export interface InstallPlaces {
  /** The package: holds node-agent/runtime/*.sh and scripts/drover.mjs. */
  readonly package: string;
  readonly library: string;
  readonly daemonJson: string;
  readonly dockerPidFile: string;
  readonly dockerSocket: string;
  readonly unitFile: string;
  readonly dataDir: string;
  /** The node program that runs the agent. */
  readonly node: string;
}

// Compiled, this file is dist/node-agent/cli/install-places.js.
const packageDirectory = join(dirname(fileURLToPath(import.meta.url)), '../../..');

export const realPlaces: InstallPlaces = {
  package: packageDirectory,
  library: '/usr/local/lib/drover',
  daemonJson: '/etc/docker/daemon.json',
  dockerPidFile: '/var/run/docker.pid',
  dockerSocket: '/var/run/docker.sock',
  unitFile: '/etc/systemd/system/drover-agent.service',
  dataDir: '/var/lib/drover/agent',
  node: process.execPath,
};

/** The files of the runtime: in the package, and where Docker and CRIU look for them. */
export function runtimeFiles(places: InstallPlaces): { readonly from: string; readonly to: string }[] {
  return ['drover-runc', 'criu-hold'].map((name) => ({
    from: join(places.package, 'node-agent/runtime', `${name}.sh`),
    to: join(places.library, name),
  }));
}
