import { type CommandDone, DroverError, type HandoverSignal } from '../../proto/index.ts';
import type { FakeAgents } from './fake-agents.ts';
import { aSource, received, restored } from './migration-host.ts';
import { turns } from './turns.ts';

interface Half {
  verdict?: 'release' | 'thaw' | 'run' | 'discard';
}

/** What may happen to the target while it receives. */
export type Receiving = 'restores' | 'fails' | 'reboots-first' | 'reboots-after';

/**
 * A source and a target of one workload as their contracts say they behave, reduced to who may run. It throws, and notes,
 * at the very step that makes two copies run or leaves none that could.
 */
export class HandoverModel {
  source: 'running' | 'frozen' | 'killed' = 'running';
  target: 'none' | 'waiting' | 'restored' | 'running' = 'none';
  readonly violations: string[] = [];
  /** Whether COMMIT is durable at this moment. */
  committed: () => Promise<boolean> = async () => true;
  private readonly halves = new Map<string, Half>();
  private readonly agents: FakeAgents;
  private readonly receiving: Receiving;

  constructor(agents: FakeAgents, receiving: Receiving) {
    this.agents = agents;
    this.receiving = receiving;
    this.agents.answers.checkSource = () => ({ source: aSource() });
    const { answers } = agents;
    answers.prepareSource = ({ migrationId }) => this.prepareSource(migrationId);
    answers.prepareTarget = ({ migrationId }) => this.prepareTarget(migrationId);
    answers.freezeSource = ({ migrationId, epoch }) => this.freeze(migrationId, epoch);
    answers.releaseSource = ({ migrationId }) => this.release(migrationId);
    answers.thawSource = ({ migrationId }) => this.thaw(migrationId);
    answers.resumeTarget = ({ migrationId }) => this.resume(migrationId);
    answers.finishTarget = ({ migrationId }) => this.finish(migrationId);
    answers.discardTarget = ({ migrationId }) => this.discard(migrationId);
  }

  /** Who runs now. */
  running(): string[] {
    return [...(this.source === 'running' ? ['source'] : []), ...(this.target === 'running' ? ['target'] : [])];
  }

  private prepareSource(id: string): Partial<CommandDone> {
    if (this.halves.has(`source ${id}`)) throw new DroverError('INTERNAL', 'The control directory exists.');
    this.halves.set(`source ${id}`, {});
    return {};
  }

  private prepareTarget(id: string): Partial<CommandDone> {
    if (this.target !== 'none') {
      this.discard(id);
      throw new DroverError('WORKLOAD_EXISTS', 'The name is taken.');
    }
    this.halves.set(`target ${id}`, {});
    this.set({ target: 'waiting' });
    return { containerId: 'c-new' };
  }

  private async freeze(id: string, epoch: number): Promise<Partial<CommandDone>> {
    const half = this.halves.get(`source ${id}`);
    if (half === undefined) throw new DroverError('MIGRATION_NOT_FOUND', 'Nothing is prepared.');
    this.set({ source: 'frozen' });
    await turns(2);
    if (half.verdict !== undefined) throw new DroverError('CANCELLED', 'It was thawed meanwhile.');
    void this.receive(id, epoch);
    return { dumped: { bytesTotal: 1, dumpMs: 1 } };
  }

  private async receive(id: string, epoch: number): Promise<void> {
    const tell = (body: NonNullable<HandoverSignal['body']>) =>
      this.agents.deliver('edge-2', { migrationId: id, epoch, body });
    await turns(1);
    if (this.receiving === 'reboots-first') this.reboot(id);
    if (this.target !== 'waiting' || !this.halves.has(`source ${id}`)) return;
    if (this.receiving === 'fails') return tell(failed);
    tell(received);
    await turns(1);
    if (this.target !== 'waiting') return;
    this.set({ target: 'restored' });
    tell(restored);
    if (this.receiving === 'reboots-after') this.reboot(id);
  }

  // The tasks and the ticket are gone; what is left of the half is a promise never to run it.
  private reboot(id: string): void {
    const half = this.halves.get(`target ${id}`);
    if (half === undefined || half.verdict !== undefined) return;
    half.verdict = 'discard';
    this.set({ target: 'none' });
    this.agents.deliver('edge-2', { migrationId: id, epoch: 5, body: failed });
  }

  private release(id: string): Partial<CommandDone> {
    if (this.decide(`source ${id}`, 'release')) this.set({ source: 'killed' });
    this.halves.delete(`source ${id}`);
    return {};
  }

  private thaw(id: string): Partial<CommandDone> {
    if (this.decide(`source ${id}`, 'thaw')) this.set({ source: 'running' });
    this.halves.delete(`source ${id}`);
    return {};
  }

  private async resume(id: string): Promise<Partial<CommandDone>> {
    if (!this.decide(`target ${id}`, 'run')) return { containerId: '' };
    if (!(await this.committed())) this.violations.push('the target ran without a durable commit');
    this.set({ target: 'running' });
    return { containerId: 'c-new' };
  }

  private finish(id: string): Partial<CommandDone> {
    this.decide(`target ${id}`, 'run');
    this.halves.delete(`target ${id}`);
    return {};
  }

  private discard(id: string): Partial<CommandDone> {
    if (this.decide(`target ${id}`, 'discard')) this.set({ target: 'none' });
    this.halves.delete(`target ${id}`);
    return {};
  }

  private decide(key: string, verdict: NonNullable<Half['verdict']>): boolean {
    const half = this.halves.get(key);
    if (half === undefined) return false;
    if (half.verdict !== undefined && half.verdict !== verdict) throw new DroverError('TOO_LATE', 'Decided already.');
    half.verdict = verdict;
    return true;
  }

  private set(change: Partial<Pick<HandoverModel, 'source' | 'target'>>): void {
    Object.assign(this, change);
    const now = `source ${this.source}, target ${this.target}`;
    if (this.running().length > 1) this.violations.push(`two copies run: ${now}`);
    if (this.source === 'killed' && this.target !== 'running') this.violations.push(`no copy could run: ${now}`);
  }
}

const failed = { $case: 'failed', value: { code: 'TRANSFER_FAILED', message: 'No.', details: {} } } as const;
