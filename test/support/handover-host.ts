import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { HandoverDependencies } from '../../node-agent/handover/dependencies.ts';
import { HandoverJournal } from '../../node-agent/handover/journal.ts';
import { SourceHandovers } from '../../node-agent/handover/source.ts';
import { TargetHandovers } from '../../node-agent/handover/target.ts';
import { openLedger } from '../../node-agent/workloads/ledger.ts';
import { DroverError, type HandoverSignal, type PrepareTarget } from '../../proto/index.ts';
import { FakeDocker, imageId } from './fake-docker.ts';
import { installedScripts, type Started, start } from './hand-scripts.ts';
import { aSource } from './migration-host.ts';
import { fakeRunc } from './shim-host.ts';
import { silentLog as log } from './silent-log.ts';
import { temporaryDirectory } from './tls.ts';
import { transferHost } from './transfer-host.ts';

const timeouts = {
  ...{ freezeMs: 5000, dumpMs: 5000, shimMs: 5000, restoreMs: 5000, waitForCheckpointMs: 20_000, settleMs: 5000 },
};

/** Both halves of hand-overs on one node, with the real shim and scripts; Docker, runc and CRIU only pretend. */
export async function handoverHost(t: ExecutionContext, changes: Partial<typeof timeouts> = {}) {
  const paths = await installedScripts(t);
  const data = await temporaryDirectory(t);
  const peer = await transferHost(t);
  const tls = await peer.tls();
  const docker = new FakeDocker(join(data, 'docker'), dockerStart);
  const [runc, calls] = [join(data, 'runc'), join(data, 'calls')];
  await writeFile(runc, fakeRunc, { mode: 0o755 });
  const env = { DROVER_RUNC: runc, DROVER_RESTORE_DIR: join(paths.run, 'restore'), FAKE_LOG: calls };
  let restore = '';
  const signals: HandoverSignal[] = [];
  const journal = new HandoverJournal(join(data, 'handovers'));
  const ledger = await openLedger(data);
  const dependencies: HandoverDependencies = {
    ...{ ledger, journal, paths, log, engine: docker.engine, offers: peer.offers, tls: () => tls },
    ...{ checkpoints: join(data, 'checkpoints'), timeouts: { ...timeouts, ...changes } },
    signal: () => undefined,
  };
  const shims: Started[] = [];
  let life = 0;
  // An agent whose successor has started has no voice any more.
  const agent = () => {
    const born = ++life;
    const signal = (news: HandoverSignal) => void (born === life && signals.push(news));
    return {
      source: new SourceHandovers({ ...dependencies, signal }),
      target: new TargetHandovers({ ...dependencies, signal }),
    };
  };
  const host = {
    ...{ docker, journal, ledger, peer, signals, paths },
    ...agent(),
    /** The signals so far in short, e.g. "received", "failed CHUNK_CORRUPT". */
    news: () => signals.map(({ body }) => (body?.$case === 'failed' ? `failed ${body.value.code}` : body?.$case)),
    /** A new agent over the same disk; what runs beside agents goes on. */
    restart() {
      signals.length = 0;
      Object.assign(host, agent());
    },
    /** As `restart`, after everything that a reboot takes is gone. */
    async reboot() {
      for (const shim of shims) shim.kill();
      await rm(join(paths.run, 'restore'), { recursive: true, force: true });
      await rm(join(paths.run, 'dump'), { recursive: true, force: true });
      host.restart();
    },
    /** How the restore ends: "", "fails-early" or "fails-late". */
    restoreAs: (how: string) => {
      restore = how;
    },
    /** Everything on the node that belongs to a hand-over. */
    async traces(): Promise<string[]> {
      const below = async (directory: string) => (await readdir(directory).catch(() => [])).sort();
      const places = [join(data, 'handovers'), join(data, 'checkpoints')];
      const left = [...places, join(paths.run, 'restore'), join(paths.run, 'dump')].map(below);
      return (await Promise.all(left)).flat();
    },
  };
  return host;

  // `docker start`: the shim's create and start, one after the other.
  async function dockerStart(id: string): Promise<void> {
    const shim = join(paths.library, 'drover-runc');
    for (const command of [
      ['create', '--bundle', data, id],
      ['start', id],
    ]) {
      const started = start(t, ['/bin/sh', shim, ...command], { ...env, FAKE_RESTORE: restore });
      shims.push(started);
      const status = await started.exited;
      if (status !== 0) throw new DroverError('DOCKER_FAILED', `drover-runc ${command[0]} failed.`);
    }
  }
}

export type HandoverHost = Awaited<ReturnType<typeof handoverHost>>;

/** The order that a target gets for migration m-1 of web, from the peer of the host. */
export function aPrepareTarget(
  { peer }: Pick<HandoverHost, 'peer'>,
  changes: Partial<PrepareTarget> = {},
): PrepareTarget {
  const createJson = JSON.stringify({ Image: 'drover/app', HostConfig: { RestartPolicy: { Name: 'always' } } });
  return {
    ...{ migrationId: 'm-1', workload: 'web', epoch: 5, sourceNode: 'edge-1', sourceAddress: peer.address },
    source: aSource({ createJson, imageId, image: 'drover/app' }),
    ...changes,
  };
}
