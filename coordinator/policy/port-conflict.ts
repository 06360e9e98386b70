import type { Port } from '../../proto/index.ts';

// The first wanted port that something already publishes. Port 0 lets the engine choose and so never collides.
export function portConflict(taken: readonly Port[], wanted: readonly Port[]): Port | undefined {
  return wanted.find((want) => want.hostPort !== 0 && taken.some((have) => collide(have, want)));
}

function collide(a: Port, b: Port): boolean {
  return a.hostPort === b.hostPort && protocol(a) === protocol(b) && sameAddress(a.hostIp, b.hostIp);
}

function protocol(port: Port): string {
  return port.protocol === '' ? 'tcp' : port.protocol;
}

function sameAddress(a: string, b: string): boolean {
  return a === b || isAny(a) || isAny(b);
}

function isAny(address: string): boolean {
  return address === '' || address === '0.0.0.0' || address === '::';
}
