import test from 'ava';
import { sourceFiles } from '../../support/source-files.ts';

const code = sourceFiles(
  '.ts',
  '.mjs',
  '.js',
  '.sh',
  'scripts/lab',
  'scripts/demo',
  'scripts/test',
  'scripts/bench',
  'scripts/proto',
);
const tests = code.filter(({ path }) => path.endsWith('.test.ts'));

test('no file has more than 250 lines', (t) => {
  const written = code.filter(({ path }) => !path.startsWith('scripts/images/'));
  t.true(written.length > 100);
  const long = written.map(({ path, text }) => [path, text.split('\n').length - 1] as const).filter(([, n]) => n > 250);
  t.deepEqual(long, []);
});

test('files and folders are named after what they are about', (t) => {
  const vague = /(^|\/)(utils?|helpers?|managers?|misc|stuff)(\/|\.|$)/;
  t.deepEqual(
    code.map(({ path }) => path).filter((path) => vague.test(path)),
    [],
  );
});

test('only proto has a barrel', (t) => {
  t.deepEqual(
    code.map(({ path }) => path).filter((path) => path.endsWith('/index.ts')),
    ['proto/index.ts'],
  );
});

test('no test is singled out, and none is left out without a reason', (t) => {
  const suspects = tests.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, at, lines) => {
      const reason = /\/\//.test(line) || /^\s*\/\//.test(lines[at - 1] ?? '');
      const wrong =
        /\btest(\.\w+)*\.only\(/.test(line) || (/\btest(\.\w+)*\.(skip|todo|failing)\(/.test(line) && !reason);
      return wrong ? [`${path}:${at + 1}`] : [];
    }),
  );
  t.deepEqual(suspects, []);
});

// Where packages, images and systems come from is the business of whoever installs.
test('no registry or mirror is named', (t) => {
  const named = /registry\.npmjs|registry-1\.docker|\bdocker\.io\/|\b(ghcr|gcr|quay|yarnpkg|deb\.debian)\./;
  const texts = [...code, ...sourceFiles('.json', '.yaml', '.yml', '.md', '.proto', '.npmrc', '.py', '.ci/run')];
  const self = 'test/unit/structure/files.test.ts';
  t.deepEqual(
    texts.filter(({ path, text }) => path !== self && named.test(text)).map(({ path }) => path),
    [],
  );
});

// In Node.js 20 the garbage collector takes a timeout away that only AbortSignal.any refers to: it never fires.
test('no deadline is made of AbortSignal.any and AbortSignal.timeout', (t) => {
  const doomed = code.filter(({ text }) => /AbortSignal\.any\([^;]*AbortSignal\.timeout\(/.test(text));
  t.deepEqual(
    doomed.map(({ path }) => path).filter((path) => !path.startsWith('test/unit/structure/')),
    [],
  );
});
