import type { Execute } from '../../node-agent/session/command-runner.ts';
import { CommandDone, type ContainerReport, DroverError } from '../../proto/index.ts';
import { aContainer, aMemory } from './a-fleet.ts';

/** An agent that keeps its containers in a map. */
export function fakeEngine(existing: ContainerReport[] = []) {
  const containers = new Map(existing.map((container) => [container.containerId, container]));
  const seen: string[] = [];
  const execute: Execute = async ({ body }) => {
    seen.push(String(body?.$case));
    if (body?.$case === 'runContainer') {
      const { workload, epoch } = body.value;
      const container = aContainer({ containerId: `id-of-${workload}`, name: workload, workload, epoch });
      containers.set(container.containerId, container);
      return CommandDone.fromPartial({ containerId: container.containerId, container });
    }
    if (body?.$case === 'adoptContainer') {
      const found = containers.get(body.value.container);
      if (!found) throw new DroverError('CONTAINER_NOT_FOUND', 'It is not here.');
      const container = { ...found, workload: found.name, epoch: body.value.epoch };
      containers.set(container.containerId, container);
      return CommandDone.fromPartial({ containerId: container.containerId, container });
    }
    if (body?.$case === 'removeContainer') containers.delete(`id-of-${body.value.workload}`);
    return CommandDone.fromPartial({ inspectJson: '{"Id":"1"}' });
  };
  const heartbeat = async () => ({ containers: [...containers.values()], memory: aMemory() });
  return { containers, seen, execute, heartbeat };
}
