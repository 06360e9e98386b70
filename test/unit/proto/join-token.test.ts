import test from 'ava';
import { DroverError, formatJoinToken, parseJoinToken } from '../../../proto/index.ts';

const token = { id: '0123456789ab', secret: `s-_${'S'.repeat(40)}`, caFingerprint: 'F'.repeat(43) };
const text = formatJoinToken(token);

test('a token is read back as it was written, with the blanks that come along when it is pasted', (t) => {
  t.deepEqual(parseJoinToken(` ${text}\n`), token);
});

for (const [wrong, broken, sentence] of [
  ['an empty text', '', /not a join token/],
  ['anything else', 'hello', /not a join token/],
  ['a token cut off', text.slice(0, -1), /cut off or of another version/],
  ['a token of another version', text.replace('join-1', 'join-2'), /cut off or of another version/],
  ['two tokens', `${text} ${text}`, /cut off or of another version/],
] as const) {
  test(`${wrong} is refused with a sentence that does not repeat it`, (t) => {
    const error = t.throws(() => parseJoinToken(broken), { instanceOf: DroverError });
    t.is(error?.code, 'TOKEN_INVALID');
    t.regex(error?.message ?? '', sentence);
    t.false(error?.message.includes(token.secret));
  });
}
