import test from 'ava';
import { openIssuedCertificates } from '../../../coordinator/security/issued-certificates.ts';
import { openMemoryStore } from '../../../coordinator/store/memory-store.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const dayMs = 24 * 3_600_000;

test('revoking a node revokes all its certificates and no others, and is remembered', async (t) => {
  const [store, clock] = [await openMemoryStore(), fakeClock()];
  const issued = await openIssuedCertificates({ store, clock });
  const expiresAt = new Date(clock.now().getTime() + 90 * dayMs);
  for (const [fingerprint, node] of [
    ['A', 'edge-1'],
    ['B', 'edge-1'],
    ['C', 'edge-2'],
  ] as const) {
    await issued.record({ node, fingerprint, expiresAt });
  }
  await issued.revoke('edge-1', 'never recorded');
  const reopened = await openIssuedCertificates({ store, clock });
  for (const list of [issued, reopened]) {
    t.deepEqual(['A', 'B', 'never recorded', 'C'].map(list.isRevoked), [true, true, true, false]);
  }
});

test('expired certificates are forgotten', async (t) => {
  const [store, clock] = [await openMemoryStore(), fakeClock()];
  const issued = await openIssuedCertificates({ store, clock });
  await issued.record({ node: 'edge-1', fingerprint: 'A', expiresAt: new Date(clock.now().getTime() + dayMs) });
  clock.advance(2 * dayMs);
  await openIssuedCertificates({ store, clock });
  t.deepEqual(await store.range('certificates/'), []);
});
