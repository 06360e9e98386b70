import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Hello, serverCalls, type TlsIdentity, toDroverError } from '../proto/index.ts';
import { containerCommands } from './commands/container-commands.ts';
import { commandExecutor } from './commands/execute.ts';
import { handoverChecks } from './commands/handover-checks.ts';
import type { AgentOptions } from './config.ts';
import type { ContainerInspectInfo, Engine } from './docker/engine-port.ts';
import type { HandoverDependencies } from './handover/dependencies.ts';
import { HandoverJournal } from './handover/journal.ts';
import { SourceHandovers } from './handover/source.ts';
import { TargetHandovers } from './handover/target.ts';
import { findMemoryCgroup } from './memory/cgroup-directory.ts';
import { readContainerMemory } from './memory/container-memory.ts';
import { readNodeMemory } from './memory/node-memory.ts';
import { movability } from './preflight/movability.ts';
import { checkTarget } from './preflight/target-check.ts';
import { engineFacts } from './reports/engine-facts.ts';
import { followEngine } from './reports/follow-engine.ts';
import { createReports } from './reports/reports.ts';
import type { RuntimePaths } from './runtime/paths.ts';
import { type AgentSession, createSession } from './session/session-client.ts';
import { advertisedAddress } from './transfer/advertised-address.ts';
import { Offers } from './transfer/offers.ts';
import { openTransferServer } from './transfer/transfer-server.ts';
import { transferService } from './transfer/transfer-service.ts';
import { openLedger } from './workloads/ledger.ts';

/** What an agent is made of besides its options. */
export interface AgentParts {
  readonly options: AgentOptions;
  readonly engine: Engine;
  readonly paths: RuntimePaths;
  readonly tls: TlsIdentity;
  readonly log: Logger;
  readonly version: string;
}

/** A running agent. */
export interface Agent {
  /** Serves with a renewed certificate from now on. */
  renew(tls: TlsIdentity): void;
  /** Waits `shutdownMs` for hand-overs under way, then leaves what is held as it is. Containers are not touched. */
  stop(): Promise<void>;
}

/** Wires an agent and starts its session. The one place where its parts meet. */
export async function startAgent(parts: AgentParts): Promise<Agent> {
  const { options, engine, paths, log } = parts;
  const { timeouts } = options;
  let tls = parts.tls;
  const ledger = await openLedger(options.dataDir);
  const journal = new HandoverJournal(join(options.dataDir, 'handovers'));
  const offers = new Offers();
  const cgroup = options.memoryCgroup === undefined ? undefined : await findMemoryCgroup(options.memoryCgroup);
  const nodeMemory = () => readNodeMemory({ cgroup, dataDir: options.dataDir });
  const reasons = (inspect: ContainerInspectInfo) => movability(engine, inspect);

  // The session and the hand-overs need each other: signals go up, orders come down.
  let session: AgentSession | undefined;
  const handover: HandoverDependencies = {
    ...{ engine, ledger, journal, offers, paths, timeouts, log },
    checkpoints: join(options.dataDir, 'checkpoints'),
    tls: () => tls,
    signal: (signal) => session?.signal(signal),
  };
  const source = new SourceHandovers(handover);
  const target = new TargetHandovers(handover);
  const reports = createReports({
    ...{ engine, ledger, nodeMemory, reasons },
    containerMemory: readContainerMemory,
    isBusy: (containerId) => target.holds(containerId),
  });
  const calls = serverCalls((error, facts) => log.warn({ err: toDroverError(error), ...facts }, 'a call was refused'));
  const server = await openTransferServer(
    options.listen,
    tls,
    transferService({
      ...{ calls, offers },
      waitForFreezeMs: timeouts.waitForCheckpointMs,
      saveImage: (reference) => engine.saveImage(reference),
    }),
  );
  const transferAddress = options.advertise ?? (await advertisedAddress(options.coordinator, server.port));

  const hello = async (): Promise<Hello> => ({
    node: options.name,
    agentVersion: parts.version,
    engine: await engineFacts(engine),
    transferAddress,
    containers: await reports.containers(),
    handovers: (await journal.list()).map(({ migrationId, workload, epoch, role }) => ({
      ...{ migrationId, workload, epoch, role },
    })),
    memory: await nodeMemory(),
  });
  session = createSession({
    ...{ hello, log },
    coordinator: options.coordinator,
    tls: () => tls,
    heartbeat: async () => ({ memory: await nodeMemory(), containers: await reports.containers() }),
    execute: commandExecutor({
      containers: containerCommands({ engine, ledger, reports, log, session: () => session }),
      checks: handoverChecks({
        ...{ engine, ledger, reasons },
        containerMemory: readContainerMemory,
        checkTarget: (workload, need) => checkTarget({ engine, memory: nodeMemory }, { workload, source: need }),
      }),
      source,
      target,
    }),
  });

  const ending = new AbortController();
  await source.recover();
  await target.recover();
  const running = Promise.all([
    session.run(ending.signal),
    followEngine({ ...{ engine, reports, log }, reportSoon: session.reportSoon }, ending.signal),
  ]);
  return {
    renew(next) {
      tls = next;
      server.renew(next);
    },
    async stop() {
      await Promise.race([
        Promise.all([source.idle(), target.idle()]),
        delay(timeouts.shutdownMs, undefined, { ref: false }),
      ]);
      ending.abort();
      server.close();
      await running;
    },
  };
}
