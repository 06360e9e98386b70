import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
  DroverError,
  lifeOf,
  recoverPrivateDirectory,
  type TlsIdentity,
  writePrivateDirectory,
  writePrivateFile,
} from '../../proto/index.ts';
import { checkCertificate } from './check-certificate.ts';
import { newNodeKey } from './node-key.ts';

/** Who this device is in its cluster. */
export interface NodeIdentity {
  readonly node: string;
  /** HOST:PORT of the coordinator that it joined at. */
  readonly coordinator: string;
  readonly tls: TlsIdentity;
}

/** `identity/` in the agent's data directory: readable by its owner only, and replaced as a whole. */
export interface IdentityFiles {
  /** Undefined before the device has joined. Rejects CERTIFICATE_INVALID when the files are damaged. */
  load(): Promise<NodeIdentity | undefined>;
  save(identity: NodeIdentity): Promise<void>;
  /** When the certificate runs out. */
  expiresAt(identity: NodeIdentity): Date;
  /**
   * The key to join with, kept until `save`: if the agent dies after the coordinator has used up the token, asking again
   * with the same key gets the lost certificate.
   */
  pendingKey(): Promise<string>;
}

const factsSchema = z.object({ node: z.string().min(1), coordinator: z.string().min(1) });

/** The identity files in a data directory. */
export function identityFiles(dataDir: string): IdentityFiles {
  const directory = join(dataDir, 'identity');
  const pending = join(dataDir, 'joining-key.pem');

  return {
    async load() {
      await recoverPrivateDirectory(directory);
      const factsText = await readOptional(join(directory, 'node.json'));
      return factsText === undefined ? undefined : read(directory, factsText);
    },

    async save({ node, coordinator, tls }) {
      await writePrivateDirectory(directory, {
        'key.pem': tls.keyPem,
        'certificate.pem': tls.certificatePem,
        'ca.pem': tls.caPem,
        'node.json': `${JSON.stringify({ node, coordinator })}\n`,
      });
      await rm(pending, { force: true });
    },

    expiresAt: ({ tls }) => lifeOf(tls.certificatePem).notAfter,

    async pendingKey() {
      const kept = await readOptional(pending);
      if (kept !== undefined) return kept;
      const fresh = await newNodeKey();
      await writePrivateFile(pending, fresh);
      return fresh;
    },
  };
}

async function read(directory: string, factsText: string): Promise<NodeIdentity> {
  try {
    const facts = factsSchema.parse(JSON.parse(factsText));
    const [keyPem, certificatePem, caPem] = await Promise.all(
      ['key.pem', 'certificate.pem', 'ca.pem'].map((name) => readFile(join(directory, name), 'utf8')),
    );
    const tls = { keyPem: keyPem ?? '', certificatePem: certificatePem ?? '', caPem: caPem ?? '' };
    checkCertificate(facts.node, tls);
    return { ...facts, tls };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DroverError(
      'CERTIFICATE_INVALID',
      `The identity in ${directory} is damaged; delete the directory and join again with a new token. (${why})`,
      { details: { directory }, cause },
    );
  }
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
