import { readFileSync } from 'node:fs';
import test from 'ava';
import { isCommitted, isFinal, phases, transitions } from '../../../coordinator/migration/phases.ts';

// When this fails after a change of the table, the expected text is what belongs into README.md.
test('the diagram in README.md shows every edge of the table of phases, and no other', (t) => {
  const [, shown] = /```mermaid\n(.*?)```/s.exec(readFileSync('README.md', 'utf8')) ?? [];
  t.is(shown, diagram());
});

function diagram(): string {
  const edges = phases.flatMap((from) =>
    Object.entries(transitions[from]).map(([event, to]) => {
      const commit = !isCommitted(from) && isCommitted(to) ? ' = COMMIT' : '';
      return `${from} --> ${to}: ${event}${commit}`;
    }),
  );
  const ends = phases.filter(isFinal).map((phase) => `${phase} --> [*]`);
  return ['stateDiagram-v2', ...[`[*] --> ${phases[0]}`, ...edges, ...ends].map((line) => `  ${line}`), ''].join('\n');
}
