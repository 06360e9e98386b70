import { DroverError, type SourceCheck } from '../../proto/index.ts';
import type { Timeouts } from '../config.ts';
import type { Agents } from '../nodes/agents.ts';
import { fleetSnapshot, type Inbound } from '../nodes/fleet.ts';
import type { NodeRegistry, NodeView } from '../nodes/registry.ts';
import { chooseTarget } from '../policy/choose-target.ts';
import type { WorkloadRecord, WorkloadRegistry } from '../workloads/registry.ts';
import type { StartRequest } from './migrations-port.ts';

/** What checking needs. */
export interface CheckDependencies {
  readonly agents: Pick<Agents, 'send'>;
  readonly nodes: Pick<NodeRegistry, 'require' | 'list'>;
  readonly workloads: Pick<WorkloadRegistry, 'require'>;
  readonly timeouts: Timeouts;
}

/** A migration that may begin. */
export interface CheckedMigration {
  readonly workload: WorkloadRecord;
  readonly to: string;
  readonly choice: string;
  readonly source: SourceCheck;
}

/**
 * Everything that can be known before anything is touched, cheapest first.
 * Errors: STRATEGY_UNAVAILABLE, WORKLOAD_NOT_FOUND, WORKLOAD_BUSY, NODE_NOT_FOUND, SAME_NODE, NODE_DOWN, NODE_CORDONED,
 * UNMOVABLE, NO_TARGET, TARGET_TOO_SMALL, TARGET_INCOMPATIBLE, WORKLOAD_EXISTS.
 */
export async function checkMigration(
  dependencies: CheckDependencies,
  request: StartRequest,
  inbound: Inbound,
): Promise<CheckedMigration> {
  const { nodes, workloads } = dependencies;
  requireStrategy(request.strategy);
  const workload = workloads.require(request.workload);
  requireFree(workload);
  if (request.to !== undefined) requireTarget(nodes.require(request.to), workload);
  requireUp(nodes.require(workload.node));
  if (request.to !== undefined) requireSameKind(nodes.require(workload.node), nodes.require(request.to));
  const source = await checkSource(dependencies, workload);
  const { to, choice } =
    request.to === undefined ? choose(nodes, workload, source, inbound) : { to: request.to, choice: 'Asked for.' };
  await checkTarget(dependencies, to, workload.name, source);
  return { workload, to, choice, source };
}

function requireStrategy(strategy: string): void {
  if (strategy === 'auto' || strategy === 'cold') return;
  throw new DroverError('STRATEGY_UNAVAILABLE', `The strategy ${strategy} is not available yet; use cold or auto.`);
}

function requireFree({ name, migrationId }: WorkloadRecord): void {
  if (migrationId === undefined) return;
  const message = `${name} is being migrated; cancel migration ${migrationId} or wait for its end.`;
  throw new DroverError('WORKLOAD_BUSY', message, { details: { workload: name, migration: migrationId } });
}

function requireTarget(target: NodeView, workload: WorkloadRecord): void {
  const details = { node: target.name, workload: workload.name };
  if (target.name === workload.node) {
    throw new DroverError('SAME_NODE', `${workload.name} is on ${target.name} already; choose another node.`, {
      details,
    });
  }
  requireUp(target);
  if (target.cordoned) {
    throw new DroverError(
      'NODE_CORDONED',
      `${target.name} is cordoned; choose another node or run "drover node uncordon ${target.name}".`,
      { details },
    );
  }
}

// CRIU's images fit only the same processor architecture and cgroup version.
function requireSameKind(source: NodeView, target: NodeView): void {
  for (const [what, of] of [
    ['processor architecture', 'arch'],
    ['cgroup version', 'cgroupVersion'],
  ] as const) {
    const [here = '', there = ''] = [source.engine?.[of], target.engine?.[of]];
    if (here === there || here === '' || there === '') continue;
    const message = `${target.name} has the ${what} ${there} and ${source.name} has ${here}; choose another node.`;
    throw new DroverError('TARGET_INCOMPATIBLE', message, { details: { node: target.name } });
  }
}

function requireUp(node: NodeView): void {
  if (node.state !== 'down') return;
  const message = `${node.name} is down; start its agent or wait until it is back.`;
  throw new DroverError('NODE_DOWN', message, { details: { node: node.name } });
}

async function checkSource({ agents, timeouts }: CheckDependencies, workload: WorkloadRecord): Promise<SourceCheck> {
  const value = { workload: workload.name, epoch: workload.epoch };
  const { source } = await agents.send(
    workload.node,
    { $case: 'checkSource', value },
    { timeoutMs: timeouts.commandMs },
  );
  if (source === undefined) throw new DroverError('BAD_MESSAGE', `${workload.node} did not say what it would take.`);
  if (source.reasons.length === 0) return source;
  throw new DroverError('UNMOVABLE', `${workload.name} cannot be moved: ${source.reasons.join(' ')}`, {
    details: { workload: workload.name, node: workload.node },
  });
}

function choose(
  nodes: CheckDependencies['nodes'],
  workload: WorkloadRecord,
  source: SourceCheck,
  inbound: Inbound,
): { to: string; choice: string } {
  const home = nodes.require(workload.node);
  const { chosen, reason } = chooseTarget(fleetSnapshot(nodes, inbound), {
    workload: workload.name,
    memoryBytes: source.memoryBytes,
    ports: source.ports,
    leaves: workload.node,
    ...(home.engine ? { arch: home.engine.arch, cgroupVersion: home.engine.cgroupVersion } : {}),
  });
  if (chosen === undefined) throw new DroverError('NO_TARGET', reason, { details: { workload: workload.name } });
  return { to: chosen, choice: reason };
}

async function checkTarget(
  { agents, timeouts }: CheckDependencies,
  node: string,
  workload: string,
  source: SourceCheck,
): Promise<void> {
  const value = { workload, source };
  await agents.send(node, { $case: 'checkTarget', value }, { timeoutMs: timeouts.commandMs });
}
