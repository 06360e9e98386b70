import test from 'ava';
import { answerChecks } from '../../../scripts/lib/probe/answer-checks.ts';

const answer = (fields: object, status = 200) => ({ status, text: JSON.stringify({ n: 1, uptime_s: 1, ...fields }) });

test('a counter that grows by more than one is right: an answer may have got lost', (t) => {
  const checks = answerChecks({});
  t.is(checks.begin()(answer({ n: 1 })), undefined);
  t.is(checks.begin()(answer({ n: 7 })), undefined);
});

test('answers of overlapping requests may overtake each other', (t) => {
  const checks = answerChecks({});
  const [first, second] = [checks.begin(), checks.begin()];
  t.is(second(answer({ n: 2, uptime_s: 2 })), undefined);
  t.is(first(answer({ n: 1, uptime_s: 1 })), undefined);
});

const wrongs: readonly [title: string, then: object, now: object, complaint: RegExp][] = [
  ['a counter that went back', { n: 9 }, { n: 3 }, /went back from 9 to 3/],
  ['a counter that came twice', { n: 9 }, { n: 9 }, /came twice/],
  ['an uptime that went back', { n: 1, uptime_s: 60 }, { n: 2, uptime_s: 0.2 }, /uptime went back/],
  ['another hash', { n: 1, sum: 'aa' }, { n: 2, sum: 'bb' }, /hash changed from aa to bb/],
  ['another amount of ballast', { n: 1 }, { n: 2, mb: 0 }, /holds 0 MB instead of 8/],
];
for (const [title, then, now, complaint] of wrongs) {
  test(`${title} is wrong`, (t) => {
    const checks = answerChecks({ mb: 8 });
    t.is(checks.begin()(answer({ mb: 8, ...then })), undefined);
    t.regex(checks.begin()(answer({ mb: 8, ...now })) ?? '', complaint);
  });
}

test('a count that two requests at a time are given is wrong', (t) => {
  const checks = answerChecks({});
  const [first, second] = [checks.begin(), checks.begin()];
  t.is(first(answer({ n: 5 })), undefined);
  t.regex(second(answer({ n: 5 })) ?? '', /n = 5 came twice/);
});

test('another status, other JSON and no JSON are wrong', (t) => {
  const judge = answerChecks({}).begin();
  t.is(judge(answer({}, 503)), 'status 503');
  t.regex(judge({ status: 200, text: '{"n":0}' }) ?? '', /not an answer/);
  t.regex(judge({ status: 200, text: '{"n":1,' }) ?? '', /not an answer/);
});
