import type { z } from 'zod';
import { DroverError, type TlsIdentity } from '../../proto/index.ts';
import { adminContextSchema } from '../security/admin-context.ts';
import type { Cli } from './cli.ts';

/** Where the coordinator is and who we are to it. */
export interface AdminContext {
  /** HOST:PORT. */
  readonly coordinator: string;
  readonly tls: TlsIdentity;
}

/** Where a coordinator with the default data directory leaves the context of its first administrator. */
export const defaultContextFile = '/var/lib/drover/coordinator/admin-context.json';

/**
 * Finds and reads the admin context: the file of --context, else of DROVER_CONTEXT, else the default one.
 *
 * @throws DroverError CONTEXT_NOT_FOUND when it is missing or unreadable, INVALID_ARGUMENT when it is no admin context
 */
export function readContext(
  cli: Pick<Cli, 'env' | 'readFile'>,
  options: { context?: string | undefined; coordinator?: string | undefined },
): AdminContext {
  const path = options.context ?? (cli.env.DROVER_CONTEXT || defaultContextFile);
  const {
    coordinator,
    ca_pem: caPem,
    certificate_pem: certificatePem,
    key_pem: keyPem,
  } = parse(path, readText(cli, path));
  const tls = { caPem, certificatePem, keyPem };
  return { coordinator: options.coordinator ?? coordinator, tls };
}

function readText(cli: Pick<Cli, 'readFile'>, path: string): string {
  try {
    return cli.readFile(path);
  } catch (cause) {
    const forbidden = (cause as NodeJS.ErrnoException).code === 'EACCES';
    throw new DroverError('CONTEXT_NOT_FOUND', forbidden ? forbiddenSentence(path) : missingSentence(path), {
      details: { path },
      cause,
    });
  }
}

function missingSentence(path: string): string {
  return (
    `There is no admin context at ${path}: run drover on the coordinator's machine, or copy admin-context.json from ` +
    'its data directory and name the copy with --context or DROVER_CONTEXT.'
  );
}

function forbiddenSentence(path: string): string {
  return `The admin context at ${path} may not be read by this user: use sudo, or a copy of your own with --context.`;
}

function parse(path: string, text: string): z.infer<typeof adminContextSchema> {
  try {
    return adminContextSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DroverError('INVALID_ARGUMENT', `The file ${path} is not an admin context of a Drover coordinator.`, {
      details: { path },
      cause,
    });
  }
}
