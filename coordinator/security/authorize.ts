import { type CallContext, DroverError, type Identity } from '../../proto/index.ts';

type Caller = Pick<CallContext, 'caller'>;

/** Who may call. Each throws UNAUTHENTICATED without a valid certificate, CERTIFICATE_REVOKED, or PERMISSION_DENIED. */
export interface Authorize {
  requireRole(context: Caller, role: 'admin' | 'node'): Identity;
  /** A node may speak only for itself. */
  requireNode(context: Caller, name: string): Identity;
}

/** The checks at the door of every call. `isRevoked` is asked with the fingerprint of the caller's certificate. */
export function authorize({ isRevoked }: { readonly isRevoked: (fingerprint: string) => boolean }): Authorize {
  return {
    requireRole,
    requireNode(context, name) {
      const caller = requireRole(context, 'node');
      if (caller.name === name) return caller;
      throw denied(
        caller,
        `The certificate is of node ${caller.name}, which cannot speak for ${JSON.stringify(name)}.`,
      );
    },
  };

  function requireRole(context: Caller, role: 'admin' | 'node'): Identity {
    const caller = context.caller();
    if (isRevoked(caller.fingerprint)) throw revoked(caller);
    if (caller.role === role) return caller;
    throw denied(
      caller,
      `${role === 'admin' ? 'Only an admin' : 'Only a node'} may make this call, not ${caller.role} ${caller.name}.`,
    );
  }
}

function revoked({ role, name }: Identity): DroverError {
  return new DroverError(
    'CERTIFICATE_REVOKED',
    `The certificate of ${role} ${name} was revoked; a node that should come back needs a new join token.`,
    { details: { [role]: name } },
  );
}

function denied({ role, name }: Identity, sentence: string): DroverError {
  return new DroverError('PERMISSION_DENIED', sentence, { details: { role, name } });
}
