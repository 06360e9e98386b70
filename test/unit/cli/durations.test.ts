import test from 'ava';
import { longestDurationMs, parseDuration } from '../../../coordinator/cli/durations.ts';
import { DroverError } from '../../../proto/index.ts';

const readAs = test.macro({
  exec: (t, text: string, ms: number) => t.is(parseDuration(text), ms),
  title: (_, text) => `the duration ${text} is understood`,
});

const refused = test.macro({
  exec: (t, text: string) => {
    const error = t.throws(() => parseDuration(text), { instanceOf: DroverError });
    t.is(error.code, 'BAD_USAGE');
    t.true(error.message.includes(`"${text}"`));
  },
  title: (_, text) => `the duration "${text}" is refused`,
});

test(readAs, '90s', 90_000);
test(readAs, '5m', 300_000);
test(readAs, '3h', 10_800_000);
test(readAs, '2d', 172_800_000);
test(readAs, '250ms', 250);
test(readAs, '1h30m', 5_400_000);
test(readAs, '1.5s', 1_500);
test(readAs, '49d', longestDurationMs);

test(refused, '');
test(refused, '90');
test(refused, '0s');
test(refused, '0.2ms');
test(refused, '-5m');
test(refused, '5 m');
test(refused, '5w');
test(refused, 'm');
test(refused, '1e3s');
test(refused, '50d');
