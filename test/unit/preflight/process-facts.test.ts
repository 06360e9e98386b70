import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import test from 'ava';
import { isLoopback, isWildcard, parseSocketTable } from '../../../node-agent/preflight/listening-sockets.ts';
import { gatherProcessFacts, processesOf } from '../../../node-agent/preflight/process-facts.ts';

const heading = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

test('listening sockets are found among others', (t) => {
  const text = `${heading}   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0000000080b8f135 100 0 0 10 0
   1: 020011AC:0050 030011AC:C350 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 0000000080b8f136 20 4 0 10 -1
   2: 020011AC:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4244 1 0000000080b8f137 100 0 0 10 0
`;
  t.deepEqual(parseSocketTable(text, '0A'), [
    { address: '127.0.0.1', port: 8080, inode: '4242' },
    { address: '172.17.0.2', port: 80, inode: '4244' },
  ]);
});

test('an IPv6 address is read word by word', (t) => {
  const line = (hex: string) =>
    `${heading}   0: ${hex}:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7 1 0000000000000000 100 0 0 10 0\n`;
  const [loopback] = parseSocketTable(line('00000000000000000000000001000000'), '0A');
  t.is(loopback?.address, '0000:0000:0000:0000:0000:0000:0000:0001');
  t.true(isLoopback(loopback?.address ?? ''));
  const [global] = parseSocketTable(line('B80D0120000000000000000002000000'), '0A');
  t.is(global?.address, '2001:0db8:0000:0000:0000:0000:0000:0002');
  const [mapped] = parseSocketTable(line('0000000000000000FFFF00000100007F'), '0A');
  t.true(isLoopback(mapped?.address ?? ''));
});

test('all ways to write "every address" are known', (t) => {
  for (const address of ['', '0.0.0.0', '::', Array(8).fill('0000').join(':')]) t.true(isWildcard(address), address);
  for (const address of ['127.0.0.1', '10.0.0.1', '::1']) t.false(isWildcard(address), address);
});

test('the sockets of this process are found by the kernel, those of others are left out', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const udp = createSocket('udp4');
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
  const { listening } = await gatherProcessFacts({ id: 'none', pid: process.pid });
  const { port } = server.address() as { port: number };
  t.true(listening.some((socket) => socket.protocol === 'tcp' && socket.port === port));
  t.true(listening.some((socket) => socket.protocol === 'udp' && socket.port === udp.address().port));
  server.close();
  udp.close();
});

test('this process is among the processes of its cgroup', async (t) => {
  t.true((await processesOf({ id: 'none', pid: process.pid })).includes(process.pid));
});

test('a container that does not run has no facts', async (t) => {
  t.deepEqual(await gatherProcessFacts({ id: 'none', pid: 0 }), { ioUring: [], lockedUsers: [], listening: [] });
});
