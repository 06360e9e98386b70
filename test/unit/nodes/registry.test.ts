import test from 'ava';
import { createNodeRegistry } from '../../../coordinator/nodes/registry.ts';
import { openMemoryStore } from '../../../coordinator/store/memory-store.ts';
import type { Store } from '../../../coordinator/store/port.ts';
import { aContainer, aMemory } from '../../support/a-fleet.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

const expiry = new Date('2026-04-01T00:00:00Z');
const certificate = { name: 'edge-1', fingerprint: 'AA:BB', certificateExpiresAt: expiry };
const hello = { agentVersion: '0.1.0', transferAddress: '10.0.0.1:7401', memory: aMemory(), containers: [] };

const opened = async (given?: Store) => {
  const clock = fakeClock();
  const store = given ?? (await openMemoryStore());
  return { clock, store, nodes: await createNodeRegistry({ store, clock, staleAfterMs: 15_000 }) };
};

test('a node that joined is down until it connects', async (t) => {
  const { nodes } = await opened();
  t.true(await nodes.admit(certificate));
  t.like(nodes.get('edge-1'), { state: 'down', pressure: 'stale', connected: false, certificateExpiresAt: expiry });
  nodes.connected('edge-1', hello);
  t.like(nodes.get('edge-1'), { state: 'ready', pressure: 'ok', transferAddress: '10.0.0.1:7401', ageMs: 0 });
});

test('a node that is silent for too long is down, and back with its next report', async (t) => {
  const { nodes, clock } = await opened();
  await nodes.admit(certificate);
  nodes.connected('edge-1', hello);
  clock.advance(15_000);
  t.is(nodes.require('edge-1').state, 'ready');
  clock.advance(1);
  t.like(nodes.require('edge-1'), { state: 'down', pressure: 'stale', ageMs: 15_001 });
  nodes.reported('edge-1', { containers: [] });
  t.is(nodes.require('edge-1').state, 'ready');
});

test('a node without a session is down at once', async (t) => {
  const { nodes } = await opened();
  await nodes.admit(certificate);
  nodes.connected('edge-1', hello);
  nodes.disconnected('edge-1');
  t.is(nodes.require('edge-1').state, 'down');
});

test('a cordon survives a restart and a new certificate', async (t) => {
  const { nodes, store } = await opened();
  await nodes.admit(certificate);
  await nodes.cordon('edge-1', true);
  const { nodes: again } = await opened(store);
  t.false(await again.admit({ name: 'edge-1', fingerprint: 'CC:DD' }));
  again.connected('edge-1', hello);
  t.like(again.get('edge-1'), {
    state: 'cordoned',
    cordoned: true,
    fingerprint: 'CC:DD',
    certificateExpiresAt: expiry,
  });
});

test('a container that a command made is seen before the next report, once', async (t) => {
  const { nodes } = await opened();
  await nodes.admit(certificate);
  nodes.connected('edge-1', { ...hello, containers: [aContainer({ state: 'created' })] });
  nodes.noteContainer('edge-1', aContainer({ state: 'running' }));
  t.deepEqual(nodes.require('edge-1').containers, [aContainer({ state: 'running' })]);
});

test('reports of a node that was removed are ignored', async (t) => {
  const { nodes, store } = await opened();
  await nodes.admit(certificate);
  await nodes.remove('edge-1');
  nodes.connected('edge-1', hello);
  nodes.reported('edge-1', { containers: [] });
  t.deepEqual(nodes.list(), []);
  t.deepEqual(await store.range('nodes/'), []);
});

test('a node that is not known is named in the error', async (t) => {
  const { nodes } = await opened();
  t.throws(() => nodes.require('edge-9'), { code: 'NODE_NOT_FOUND', message: /edge-9/ });
  t.is((await rejectionOf(nodes.cordon('edge-9', true))).code, 'NODE_NOT_FOUND');
});
