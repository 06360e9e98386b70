import { join } from 'node:path';
import type { InstallPlaces } from './install-places.ts';

/** File of the environment from which the unit takes the agent's flags. */
export const environmentFile = '/etc/default/drover-agent';

/** The systemd unit of the agent. */
export function systemdUnit(places: InstallPlaces): string {
  const program = join(places.package, 'scripts/drover.mjs');
  return `[Unit]
Description=Drover node agent
After=network-online.target docker.service
Wants=network-online.target

[Service]
# DROVER_AGENT_FLAGS="--coordinator HOST:7400 --token TOKEN"
EnvironmentFile=-${environmentFile}
# A small young generation keeps an idle agent small; the flags are not inherited by what the agent starts.
ExecStart=${places.node} --max-semi-space-size=1 --max-old-space-size=192 --optimize-for-size ${program} agent $DROVER_AGENT_FLAGS
# Frozen containers hang on CRIU processes that must outlive the agent.
KillMode=process
Restart=always
RestartSec=1
OOMScoreAdjust=-500
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
`;
}
