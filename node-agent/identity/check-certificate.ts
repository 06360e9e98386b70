import { createPrivateKey, X509Certificate } from 'node:crypto';
import { DroverError, identityUri, type TlsIdentity } from '../../proto/index.ts';

/** Throws CERTIFICATE_INVALID unless the certificate is by this CA, for this key, and names this node. */
export function checkCertificate(node: string, tls: TlsIdentity): void {
  const wrong = faultOf(node, tls);
  if (wrong === undefined) return;
  throw new DroverError('CERTIFICATE_INVALID', `The certificate of node ${node} cannot be used: ${wrong}.`, {
    details: { node },
  });
}

function faultOf(node: string, tls: TlsIdentity): string | undefined {
  try {
    const certificate = new X509Certificate(tls.certificatePem);
    const names = (certificate.subjectAltName ?? '').split(', ');
    if (!certificate.verify(new X509Certificate(tls.caPem).publicKey)) return 'it was not signed by the CA';
    if (!certificate.checkPrivateKey(createPrivateKey(tls.keyPem))) return 'it does not belong to the key';
    if (!names.includes(`URI:${identityUri({ role: 'node', name: node })}`)) return 'it names someone else';
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
