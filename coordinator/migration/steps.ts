import type { SourceCheck } from '../../proto/index.ts';
import type { OpenPhase } from './phases.ts';
import type { MigrationRecord } from './record.ts';
import { sourceOf } from './record.ts';

/** Every step with what it needs. Steps are data: the executors are a table that does not compile without one for each. */
export interface StepArgs {
  prepareSource: { node: string; workload: string; targetNode: string };
  prepareTarget: { node: string; workload: string; source: SourceCheck; sourceNode: string };
  freezeSource: { node: string };
  awaitReceived: { node: string };
  awaitRestored: { node: string };
  resumeTarget: { node: string };
  releaseSource: { node: string };
  finishTarget: { node: string };
  discardTarget: { node: string };
  thawSource: { node: string };
}

export type StepKind = keyof StepArgs;
export type Step = { [K in StepKind]: { readonly kind: K } & Readonly<StepArgs[K]> }[StepKind];
export type StepOf<K extends StepKind> = Extract<Step, { kind: K }>;

/**
 * The steps of a phase, in order. Pure.
 *
 * The source is released only after the target has said that the tasks run there: between COMMIT and that word the
 * frozen tasks at the source are the second copy of the state, and keeping them costs nothing.
 */
export function stepsOf(phase: OpenPhase, record: MigrationRecord): readonly Step[] {
  const { from, to, workload } = record;
  switch (phase) {
    case 'preparing':
      return [
        { kind: 'prepareSource', node: from, workload, targetNode: to },
        { kind: 'prepareTarget', node: to, workload, source: sourceOf(record), sourceNode: from },
      ];
    case 'freezing':
      return [{ kind: 'freezeSource', node: from }];
    case 'transferring':
      return [{ kind: 'awaitReceived', node: to }];
    case 'restoring':
      return [{ kind: 'awaitRestored', node: to }];
    case 'resuming':
      return [
        { kind: 'resumeTarget', node: to },
        { kind: 'releaseSource', node: from },
        { kind: 'finishTarget', node: to },
      ];
    case 'aborting':
      // The source first: its clients are waiting. The target may not run without COMMIT, which can no longer come.
      return [
        { kind: 'thawSource', node: from },
        { kind: 'discardTarget', node: to },
      ];
  }
}
