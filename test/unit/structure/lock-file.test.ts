import { readFileSync } from 'node:fs';
import test from 'ava';
import { z } from 'zod';

const schema = z.object({
  packages: z.record(z.string(), z.object({ optionalDependencies: z.record(z.string(), z.string()).optional() })),
});

// npm leaves them out when its registry has not got them; `npm ci` then refuses the lock file on every machine.
test('the lock file names the optional packages of all platforms', (t) => {
  const { packages } = schema.parse(JSON.parse(readFileSync('package-lock.json', 'utf8')));
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in packages || `${path}/node_modules/${name}` in packages),
    ),
  );
  t.deepEqual(missing, []);
});
