import test from 'ava';
import { importsOf, sourceFiles } from '../../support/source-files.ts';

const files = sourceFiles('.ts');

const borders: readonly [folder: string, mayNotImport: readonly string[]][] = [
  ['coordinator', ['node-agent', 'test', 'scripts']],
  ['node-agent', ['coordinator', 'test', 'scripts']],
  ['proto', ['coordinator', 'node-agent', 'test', 'scripts']],
  ['scripts', ['node-agent', 'test']],
];
for (const [folder, others] of borders) {
  test(`${folder} imports nothing from ${others.join(', ')}`, (t) => {
    const own = files.filter(({ path }) => path.startsWith(`${folder}/`));
    t.true(own.length > 0);
    const trespasses = own.flatMap((file) =>
      importsOf(file)
        .filter(({ from }) => others.some((other) => from.startsWith(`${other}/`)))
        .map(({ from }) => `${file.path} imports ${from}`),
    );
    t.deepEqual(trespasses, []);
  });
}

// What decides, and what only turns one description into another: no I/O, directly or through what it imports.
const pure: readonly RegExp[] = [
  /^coordinator\/policy\//,
  /^coordinator\/migration\/(phases|steps)\.ts$/,
  /^node-agent\/docker\/(container-spec|spec-differences|create-body)\.ts$/,
  /^scripts\/lib\/probe\/answer-checks\.ts$/,
];
// The contract's types and errors; and the checking of data.
const allowed = new Set(['proto/index.ts', 'zod']);

for (const { path } of files.filter((file) => pure.some((pattern) => pattern.test(file.path)))) {
  test(`${path} does no I/O`, (t) => t.deepEqual(impurities(path, new Set()), []));
}

test('every rule about pure files has files that it is about', (t) => {
  t.deepEqual(
    pure.filter((pattern) => !files.some(({ path }) => pattern.test(path))),
    [],
  );
});

test('what decides knows neither the time nor chance', (t) => {
  const deciding = files.filter(({ path }) => /^coordinator\/(policy|migration\/(phases|steps))/.test(path));
  const unsure = /\b(Date\.now|new Date\(\)|Math\.random|performance\.now|process\.|setTimeout|randomUUID)/;
  t.deepEqual(
    deciding.filter(({ text }) => unsure.test(text)).map(({ path }) => path),
    [],
  );
});

function impurities(path: string, seen: Set<string>): string[] {
  const file = files.find((candidate) => candidate.path === path);
  if (file === undefined || seen.has(path)) return [];
  seen.add(path);
  const reached = importsOf(file).filter(({ from, typeOnly }) => !typeOnly && !allowed.has(from));
  return reached.flatMap(({ from }) => (from.endsWith('.ts') ? impurities(from, seen) : [`${path} imports ${from}`]));
}
