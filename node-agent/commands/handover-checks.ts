import type { CheckSource, CheckTarget, SourceCheck } from '../../proto/index.ts';
import { DroverError } from '../../proto/index.ts';
import { createBodyFrom } from '../docker/container-spec.ts';
import { withRestartPolicy } from '../docker/create-body.ts';
import type { ContainerInspectInfo, Engine } from '../docker/engine-port.ts';
import { publishedPorts } from '../docker/published-ports.ts';
import { isWildcard } from '../preflight/listening-sockets.ts';
import { gatherProcessFacts } from '../preflight/process-facts.ts';
import type { Ledger } from '../workloads/ledger.ts';
import { requireHeld } from '../workloads/require-held.ts';

/** What the checks before a migration need. */
export interface HandoverCheckDependencies {
  readonly engine: Engine;
  readonly ledger: Ledger;
  readonly containerMemory: (container: { id: string; pid: number }) => Promise<number>;
  readonly reasons: (inspect: ContainerInspectInfo) => Promise<readonly string[]>;
  /** Throws when this node cannot take the workload. */
  readonly checkTarget: (workload: string, source: SourceCheck) => Promise<void>;
}

export type HandoverChecks = ReturnType<typeof handoverChecks>;

/** Questions that change nothing. */
export function handoverChecks(dependencies: HandoverCheckDependencies) {
  const { engine, ledger, containerMemory, reasons, checkTarget } = dependencies;
  return {
    /** What it takes to move a workload, and why it cannot be moved, if so. */
    async source({ workload, epoch }: CheckSource): Promise<SourceCheck> {
      const held = requireHeld(ledger, workload);
      if (held.epoch !== epoch) {
        throw new DroverError('STALE_EPOCH', `This node holds ${workload} at epoch ${held.epoch}, not ${epoch}.`);
      }
      const inspect = await engine.inspect(held.containerId);
      const { body, restartPolicy } = createBodyFrom(inspect);
      return {
        reasons: await reasons(inspect),
        memoryBytes: await containerMemory({ id: inspect.Id, pid: inspect.State.Pid }),
        createJson: JSON.stringify(withRestartPolicy(body, restartPolicy)),
        imageId: inspect.Image,
        image: inspect.Config.Image,
        ports: publishedPorts(inspect),
        containerId: inspect.Id,
        networkFirst: await needsNetworkFirst(inspect),
      };
    },

    /** Whether this node can take a workload. Errors: TARGET_INCOMPATIBLE, TARGET_TOO_SMALL, WORKLOAD_EXISTS. */
    async target({ workload, source }: CheckTarget): Promise<void> {
      if (source === undefined) throw new DroverError('BAD_MESSAGE', 'The question says nothing of the container.');
      await checkTarget(workload, source);
    },
  };
}

// CRIU binds sockets again while it restores; an address such as 127.0.0.1 has to exist by then.
async function needsNetworkFirst({ Id, State }: ContainerInspectInfo): Promise<boolean> {
  const { listening } = await gatherProcessFacts({ id: Id, pid: State.Pid });
  return listening.some(({ address }) => !isWildcard(address));
}
