import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { lifeOf, renewalTimeOf, writePrivateFile } from '../../proto/index.ts';
import type { Clock } from '../clock.ts';
import type { CertificateAuthority } from './certificate-authority.ts';

/** The file by which `drover` finds the coordinator and proves to be its administrator. */
export const adminContextSchema = z.object({
  /** HOST:PORT. */
  coordinator: z.string().min(1),
  ca_pem: z.string().min(1),
  certificate_pem: z.string().min(1),
  key_pem: z.string().min(1),
});
export type AdminContextFile = z.infer<typeof adminContextSchema>;

/** Where the coordinator with this data directory leaves it. */
export function adminContextPath(dataDir: string): string {
  return join(dataDir, 'admin-context.json');
}

/**
 * Writes the admin context unless the one that is there still serves: same address, same CA, more than a third of its
 * certificate's life left. Resolves to whether it wrote.
 */
export async function writeAdminContext(options: {
  readonly dataDir: string;
  /** HOST:PORT at which administrators reach the coordinator. */
  readonly coordinator: string;
  readonly ca: Pick<CertificateAuthority, 'caPem' | 'issueAdmin'>;
  readonly clock: Pick<Clock, 'now'>;
}): Promise<boolean> {
  const { dataDir, coordinator, ca, clock } = options;
  const path = adminContextPath(dataDir);
  const present = await readPresent(path);
  const serves = present?.coordinator === coordinator && present.ca_pem === ca.caPem && !isDue(present, clock.now());
  if (serves) return false;
  const { caPem, certificatePem, keyPem } = await ca.issueAdmin('main');
  const context: AdminContextFile = { coordinator, ca_pem: caPem, certificate_pem: certificatePem, key_pem: keyPem };
  await writePrivateFile(path, `${JSON.stringify(context, undefined, 2)}\n`);
  return true;
}

// Whatever is wrong with the present file, a new one puts it right.
async function readPresent(path: string): Promise<AdminContextFile | undefined> {
  try {
    return adminContextSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

function isDue({ certificate_pem }: AdminContextFile, now: Date): boolean {
  try {
    return now >= renewalTimeOf(lifeOf(certificate_pem));
  } catch {
    return true;
  }
}
