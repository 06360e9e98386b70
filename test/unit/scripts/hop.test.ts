import test from 'ava';
import { roundTrip } from '../../../scripts/lib/tour/hop.ts';

test('a round trip ends where it began', (t) => {
  t.deepEqual(roundTrip(['a', 'b', 'c'], 3), ['b', 'c', 'a']);
});

test('more hops than nodes go round again', (t) => {
  t.deepEqual(roundTrip(['a', 'b'], 5), ['b', 'a', 'b', 'a', 'b']);
});
