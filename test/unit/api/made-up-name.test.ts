import test from 'ava';
import { madeUpName } from '../../../coordinator/api/made-up-name.ts';

test('a made-up name is two short words', (t) =>
  t.regex(
    madeUpName(() => false),
    /^[a-z]+-[a-z]+$/,
  ));

test('a name that is taken is not given out, even when all pairs are', (t) => {
  const taken = new Set<string>();
  for (let n = 0; n < 600; n++)
    taken.add(
      madeUpName(
        (name) => taken.has(name),
        () => 0,
      ),
    );
  t.is(taken.size, 600);
  t.true([...taken].some((name) => name.endsWith('-2')));
});
