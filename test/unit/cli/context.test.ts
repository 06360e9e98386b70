import test from 'ava';
import { defaultContextFile, readContext } from '../../../coordinator/cli/context.ts';
import { reachableAddresses } from '../../../coordinator/cli/reachable-addresses.ts';
import { DroverError } from '../../../proto/index.ts';

const context = { coordinator: '10.0.0.1:7400', ca_pem: 'ca', certificate_pem: 'certificate', key_pem: 'key' };

function surroundings(files: Record<string, string>, env: Record<string, string> = {}) {
  const readFile = (path: string) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error('missing'), { code: 'ENOENT' });
    return text;
  };
  return { env, readFile };
}

const json = (coordinator: string) => JSON.stringify({ ...context, coordinator });

test('the context is that of --context, else of DROVER_CONTEXT, else of the coordinator on this machine', (t) => {
  const files = { a: json('a:1'), b: json('b:1'), [defaultContextFile]: json('c:1') };
  t.is(readContext(surroundings(files, { DROVER_CONTEXT: 'b' }), { context: 'a' }).coordinator, 'a:1');
  t.is(readContext(surroundings(files, { DROVER_CONTEXT: 'b' }), {}).coordinator, 'b:1');
  t.is(readContext(surroundings(files), {}).coordinator, 'c:1');
});

test('--coordinator replaces only the address', (t) => {
  const read = readContext(surroundings({ a: json('a:1') }), { context: 'a', coordinator: 'z:9' });
  t.deepEqual(read, { coordinator: 'z:9', tls: { caPem: 'ca', certificatePem: 'certificate', keyPem: 'key' } });
});

test('a missing context says where it is to be had', (t) => {
  const error = t.throws(() => readContext(surroundings({}), {}), { instanceOf: DroverError });
  t.is(error.code, 'CONTEXT_NOT_FOUND');
  t.is(error.exit, 6);
  t.regex(error.message, /--context or DROVER_CONTEXT/);
});

test('a file that is no context is refused', (t) => {
  for (const text of ['', 'null', '{}', JSON.stringify({ ...context, key_pem: 1 })]) {
    const error = t.throws(() => readContext(surroundings({ a: text }), { context: 'a' }), { instanceOf: DroverError });
    t.is(error.code, 'INVALID_ARGUMENT');
  }
});

test('a loopback address is replaced by the addresses that devices can reach', (t) => {
  t.deepEqual(reachableAddresses('127.0.0.1:7400', ['10.88.0.1', '192.168.1.5']), [
    '10.88.0.1:7400',
    '192.168.1.5:7400',
  ]);
  t.deepEqual(reachableAddresses('localhost:7400', []), ['localhost:7400']);
  t.deepEqual(reachableAddresses('10.0.0.1:7400', ['192.168.1.5']), ['10.0.0.1:7400']);
});
