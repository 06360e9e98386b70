import type { Logger } from 'pino';
import {
  type CallContext,
  DroverError,
  type EnrollmentServiceServer,
  isValidName,
  type JoinRequest,
  type JoinResponse,
  parseJoinToken,
  type RenewRequest,
  type RenewResponse,
  type serverCalls,
} from '../../proto/index.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import type { Authorize } from './authorize.ts';
import type { CertificateAuthority, IssuedCertificate } from './certificate-authority.ts';
import type { IssuedCertificates } from './issued-certificates.ts';
import type { JoinTokens } from './join-tokens.ts';

/** What the registry of nodes hears of a certificate. */
export interface NodeCertificateFacts {
  readonly fingerprint: string;
  readonly expiresAt: Date;
}

export interface EnrollmentOptions {
  readonly calls: Pick<ReturnType<typeof serverCalls>, 'unary'>;
  readonly ca: CertificateAuthority;
  readonly tokens: JoinTokens;
  readonly issued: IssuedCertificates;
  readonly authorize: Authorize;
  readonly nodeExists: (node: string) => boolean;
  /** A new node; called again when its answer was lost and it asked again. The certificate is handed out only if it resolves. */
  readonly onJoined: (node: string, certificate: NodeCertificateFacts) => Promise<void>;
  readonly onRenewed: (node: string, certificate: NodeCertificateFacts) => Promise<void>;
  readonly log: Logger;
}

/** Hands out node certificates, and takes them back. */
export interface Enrollment {
  readonly service: EnrollmentServiceServer;
  /** Makes all certificates of a node worthless; no renewal slips through meanwhile. */
  revoke(node: string, fingerprint: string): Promise<void>;
}

/**
 * INVARIANTS: joins, renewals and revocations happen one at a time, so that two tokens cannot make one name, and nothing is
 * issued to a node while it is being revoked; a token is used up durably before a certificate exists; a certificate is
 * recorded durably before it is handed out. Secrets and keys are never logged: errors carry the token's id only.
 */
export function enrollment(options: EnrollmentOptions): Enrollment {
  const { calls, ca, tokens, issued, authorize, log } = options;
  const exclusively = oneAtATime();
  return {
    service: {
      join: calls.unary((request, context) => exclusively(() => join(request, context))),
      renew: calls.unary((request, context) => exclusively(() => renew(request, context))),
    },
    revoke: (node, fingerprint) => exclusively(() => issued.revoke(node, fingerprint)),
  };

  async function join({ token: text, node, csrPem }: JoinRequest, { peer }: CallContext): Promise<JoinResponse> {
    const token = parseJoinToken(text);
    requireName(node);
    const use = { node, keyHash: await ca.keyHashOf(csrPem) };
    const turn = await tokens.check(token, use);
    if (turn === 'first' && options.nodeExists(node)) throw nodeExists(node, token.id);
    await tokens.consume(token, use);
    const certificate = await issue(node, csrPem);
    await options.onJoined(node, certificate);
    log.info({ event: 'node.joined', node, peer, token: token.id, repeated: turn === 'repeated' }, 'a node joined');
    return { certificatePem: certificate.certificatePem, caPem: ca.caPem };
  }

  async function renew({ csrPem }: RenewRequest, context: CallContext): Promise<RenewResponse> {
    const { name } = authorize.requireRole(context, 'node');
    const certificate = await issue(name, csrPem);
    await options.onRenewed(name, certificate);
    log.info(
      { event: 'node.renewed', node: name, peer: context.peer, expiresAt: certificate.expiresAt },
      'certificate renewed',
    );
    return { certificatePem: certificate.certificatePem, caPem: ca.caPem };
  }

  async function issue(node: string, csrPem: string): Promise<IssuedCertificate> {
    const certificate = await ca.issueNode({ node, csrPem });
    await issued.record({ node, ...certificate });
    return certificate;
  }
}

function requireName(node: string): void {
  if (isValidName(node)) return;
  throw new DroverError(
    'INVALID_ARGUMENT',
    `${JSON.stringify(node.slice(0, 80))} cannot be a node's name; use 2 to 63 characters of a-z, 0-9 and "-".`,
  );
}

function nodeExists(node: string, token: string): DroverError {
  return new DroverError(
    'NODE_EXISTS',
    `There is a node ${node} already; choose another name, or remove it first with "drover node remove ${node}".`,
    { details: { node, token } },
  );
}
