import { Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import { DroverError, isTimeout, toDroverError } from './drover-error.ts';
import { type ErrorCode, errorCodes, isErrorCode } from './error-codes.ts';

const codeKey = 'drover-code';
const detailsKey = 'drover-details-bin';

/** What a server answers for a thrown value. Unknown errors leave as INTERNAL, without their inner text. */
export function toStatus(error: unknown): Partial<StatusObject> {
  const known =
    error instanceof DroverError || isTimeout(error)
      ? toDroverError(error)
      : new DroverError('INTERNAL', 'The server failed in a way that it did not foresee; its log says more.');
  const metadata = new Metadata();
  metadata.set(codeKey, known.code);
  metadata.set(detailsKey, Buffer.from(JSON.stringify(known.details)));
  return { code: errorCodes[known.code].grpc, details: known.message, metadata };
}

/** The error that a client throws for a failed call. `peer` names the other side in sentences, e.g. "the coordinator". */
export function fromStatus(error: unknown, peer: string): DroverError {
  if (error instanceof DroverError) return error;
  if (!isServiceError(error)) return new DroverError('INTERNAL', String(error), { cause: error });
  const code = error.metadata?.get(codeKey)[0];
  if (isErrorCode(code)) return new DroverError(code, error.details, { details: readDetails(error), cause: error });
  return withoutCode(error, peer);
}

// Errors that gRPC itself made, so that no Drover server put a code on them.
function withoutCode(error: ServiceError, peer: string): DroverError {
  const [code, message] = sentences[error.code]?.(peer, error.details) ?? [
    'INTERNAL',
    `${peer} answered with an error: ${error.details}.`,
  ];
  return new DroverError(code, message, { cause: error });
}

type Sentence = (peer: string, text: string) => readonly [ErrorCode, string];

const sentences: Partial<Record<status, Sentence>> = {
  [status.UNAVAILABLE]: (peer, text) =>
    foreignCertificate.test(text)
      ? ['CA_MISMATCH', `What answers as ${peer} does not belong to the cluster of the certificate that is used here.`]
      : ['COORDINATOR_UNREACHABLE', `Cannot reach ${peer}: ${causeIn(text)}.`],
  [status.DEADLINE_EXCEEDED]: (peer) => ['TIMEOUT', `No answer from ${peer} in time.`],
  [status.CANCELLED]: () => ['CANCELLED', 'The call was cancelled.'],
  [status.UNIMPLEMENTED]: (peer) => [
    'NOT_SUPPORTED',
    `${peer} does not know this call; it may run another version of Drover.`,
  ],
  [status.INTERNAL]: (peer, text) =>
    text.startsWith('Response message parsing error')
      ? ['BAD_MESSAGE', `${peer} sent something that is no message of Drover.`]
      : ['INTERNAL', `${peer} answered with an error: ${text}.`],
  [status.RESOURCE_EXHAUSTED]: (peer, text) => ['BAD_MESSAGE', `${peer} refused the message: ${text}.`],
};

// In OpenSSL's words: a chain that does not end in our CA.
const foreignCertificate = /self-signed certificate|unable to (verify|get)/;

// gRPC wraps what went wrong: "No connection established. Last error: Error: connect ECONNREFUSED …. Resolution note: ".
function causeIn(text: string): string {
  const cause = text
    .replace(/^No connection established\. Last error: (Error: )?/, '')
    .replace(/\. Resolution note: .*$/s, '');
  return cause.replace(/\.$/, '');
}

function readDetails(error: ServiceError): Record<string, string> {
  const raw = error.metadata.get(detailsKey)[0];
  try {
    const parsed: unknown = JSON.parse(String(raw));
    if (typeof parsed !== 'object' || parsed === null) return {};
    return Object.fromEntries(Object.entries(parsed).map(([key, value]) => [key, String(value)]));
  } catch {
    return {};
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}
