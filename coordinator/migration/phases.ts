// The state machine of a migration, as a table that a reader can print: phase x event -> phase.

/** Where a migration stands. The COMMIT is the durable step from restoring to resuming. */
export const phases = [
  'preparing',
  'freezing',
  'transferring',
  'restoring',
  'resuming',
  'aborting',
  'committed',
  'rolled_back',
] as const;
export type Phase = (typeof phases)[number];

/**
 * What can happen to a migration. `failed` covers errors, deadlines and cancellation. `refused` is the target's durable
 * promise never to run its half, which it gives when it lost that half (a reboot) before it heard of COMMIT.
 */
export const migrationEvents = ['prepared', 'dumped', 'received', 'restored', 'settled', 'failed', 'refused'] as const;
export type MigrationEvent = (typeof migrationEvents)[number];

/** Every legal edge. What is not here cannot happen, and throws when it does. */
export const transitions: Readonly<Record<Phase, Partial<Record<MigrationEvent, Phase>>>> = {
  preparing: { prepared: 'freezing', failed: 'aborting' },
  freezing: { dumped: 'transferring', failed: 'aborting' },
  transferring: { received: 'restoring', failed: 'aborting' },
  restoring: { restored: 'resuming', failed: 'aborting' },
  resuming: { settled: 'committed', refused: 'aborting' },
  aborting: { settled: 'rolled_back' },
  committed: {},
  rolled_back: {},
};

/** The event that ends a phase well. */
export const completion: Readonly<Record<Exclude<Phase, 'committed' | 'rolled_back'>, MigrationEvent>> = {
  preparing: 'prepared',
  freezing: 'dumped',
  transferring: 'received',
  restoring: 'restored',
  resuming: 'settled',
  aborting: 'settled',
};

export type OpenPhase = keyof typeof completion;

/** Whether nothing can happen any more. */
export function isFinal(phase: Phase): phase is 'committed' | 'rolled_back' {
  return phase === 'committed' || phase === 'rolled_back';
}

/** Whether the migration can still be called off: COMMIT has not been written. */
export function canAbort(phase: Phase): boolean {
  return transitions[phase].failed !== undefined;
}

/** Whether COMMIT has been written. */
export function isCommitted(phase: Phase): boolean {
  return phase === 'resuming' || phase === 'committed';
}

/** Thrown for an edge that the table does not have: a bug, never a user's mistake. */
export class IllegalTransition extends Error {
  constructor(phase: Phase, event: MigrationEvent) {
    super(`A migration that is ${phase} cannot take the event ${event}.`);
    this.name = 'IllegalTransition';
  }
}

/** The next phase. Pure. Throws IllegalTransition. */
export function transition(phase: Phase, event: MigrationEvent): Phase {
  const next = transitions[phase][event];
  if (next === undefined) throw new IllegalTransition(phase, event);
  return next;
}
