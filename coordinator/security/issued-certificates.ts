import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { collection } from '../store/collection.ts';
import type { Store } from '../store/port.ts';

const issuedRecord = z.object({
  node: z.string(),
  expiresAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().exactOptional(),
});

/**
 * Every node certificate that is still valid. All of them are remembered, not only a node's newest: when the answer to a
 * renewal is lost, the node goes on with the one before, and removing the node must make that one worthless, too.
 */
export interface IssuedCertificates {
  /** Must be durable before the certificate is handed out. */
  record(certificate: { readonly node: string; readonly fingerprint: string; readonly expiresAt: Date }): Promise<void>;
  isRevoked(fingerprint: string): boolean;
  /** Makes every certificate of the node worthless, and this one, even if it was never recorded. */
  revoke(node: string, fingerprint: string): Promise<void>;
}

// A certificate nobody recorded is kept on the list for longer than any certificate lives.
const unknownExpiryMs = 400 * 24 * 60 * 60 * 1000;

/** Reads the list from the store and forgets what has expired. */
export async function openIssuedCertificates(options: {
  readonly store: Store;
  readonly clock: Pick<Clock, 'now'>;
}): Promise<IssuedCertificates> {
  const { clock } = options;
  const records = collection(options.store, 'certificates/', issuedRecord);
  const revoked = new Set<string>();
  for (const { id, value } of await records.list()) {
    if (new Date(value.expiresAt) < clock.now()) await records.delete(id);
    else if (value.revokedAt !== undefined) revoked.add(id);
  }

  return {
    record: ({ node, fingerprint, expiresAt }) =>
      records.put(fingerprint, { node, expiresAt: expiresAt.toISOString() }),
    isRevoked: (fingerprint) => revoked.has(fingerprint),

    async revoke(node, fingerprint) {
      const revokedAt = clock.now().toISOString();
      const known = (await records.list()).filter(({ id, value }) => value.node === node || id === fingerprint);
      for (const { id, value } of known) await mark(id, { ...value, revokedAt });
      if (fingerprint === '' || known.some(({ id }) => id === fingerprint)) return;
      const expiresAt = new Date(clock.now().getTime() + unknownExpiryMs).toISOString();
      await mark(fingerprint, { node, expiresAt, revokedAt });
    },
  };

  async function mark(fingerprint: string, record: z.infer<typeof issuedRecord>): Promise<void> {
    await records.put(fingerprint, record);
    revoked.add(fingerprint);
  }
}
