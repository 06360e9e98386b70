import test from 'ava';
import {
  canAbort,
  completion,
  IllegalTransition,
  isFinal,
  type MigrationEvent,
  migrationEvents,
  type OpenPhase,
  type Phase,
  phases,
  transition,
  transitions,
} from '../../../coordinator/migration/phases.ts';

const legal: [Phase, MigrationEvent, Phase][] = [
  ['preparing', 'prepared', 'freezing'],
  ['preparing', 'failed', 'aborting'],
  ['freezing', 'dumped', 'transferring'],
  ['freezing', 'failed', 'aborting'],
  ['transferring', 'received', 'restoring'],
  ['transferring', 'failed', 'aborting'],
  ['restoring', 'restored', 'resuming'],
  ['restoring', 'failed', 'aborting'],
  ['resuming', 'settled', 'committed'],
  ['resuming', 'refused', 'aborting'],
  ['aborting', 'settled', 'rolled_back'],
];

for (const [phase, event, next] of legal) {
  test(`${phase} becomes ${next} when it is ${event}`, (t) => {
    t.is(transition(phase, event), next);
  });
}

test('every other pair of phase and event is refused', (t) => {
  const known = new Set(legal.map(([phase, event]) => `${phase} ${event}`));
  const others = phases.flatMap((phase) => migrationEvents.map((event) => [phase, event] as const));
  const illegal = others.filter(([phase, event]) => !known.has(`${phase} ${event}`));
  t.is(illegal.length, phases.length * migrationEvents.length - legal.length);
  for (const [phase, event] of illegal) {
    const error = t.throws(() => transition(phase, event), { instanceOf: IllegalTransition });
    t.true(error?.message.includes(phase) && error.message.includes(event));
  }
});

test('exactly the two ends are final, and nothing leads out of them', (t) => {
  t.deepEqual(phases.filter(isFinal), ['committed', 'rolled_back']);
});

test('only what comes before the commit can be called off', (t) => {
  t.deepEqual(phases.filter(canAbort), ['preparing', 'freezing', 'transferring', 'restoring']);
});

test('the events that end the phases well lead from the first to committed', (t) => {
  const path: Phase[] = ['preparing'];
  for (let phase: Phase = 'preparing'; !isFinal(phase); path.push(phase)) {
    phase = transition(phase, completion[phase as OpenPhase]);
  }
  t.deepEqual(path, ['preparing', 'freezing', 'transferring', 'restoring', 'resuming', 'committed']);
});

test('only a refusal of the target leads from the commit to a rollback, and nothing leads the other way', (t) => {
  const reach = (from: Phase): Set<Phase> => {
    const reached = new Set<Phase>([from]);
    for (const phase of reached) {
      for (const [event, next] of Object.entries(transitions[phase])) if (event !== 'refused') reached.add(next);
    }
    return reached;
  };
  t.false(reach('resuming').has('rolled_back'));
  t.false(reach('aborting').has('committed'));
  t.deepEqual(
    phases.filter((phase) => transitions[phase].refused !== undefined),
    ['resuming'],
  );
});
