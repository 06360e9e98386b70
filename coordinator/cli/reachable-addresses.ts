/**
 * Addresses at which devices may reach the coordinator. An address that only means "this machine" is replaced by the
 * machine's own ones; without any it stays as it is.
 *
 * @param address HOST:PORT of the admin context
 */
export function reachableAddresses(address: string, ownAddresses: readonly string[]): readonly [string, ...string[]] {
  const [, host, port] = /^(.*):(\d+)$/.exec(address) ?? [];
  if (host === undefined || !isThisMachine(host)) return [address];
  const [first, ...others] = ownAddresses.map((own) => `${own}:${port}`);
  return first === undefined ? [address] : [first, ...others];
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '0.0.0.0' || host === '[::]' || host === '[::1]' || host.startsWith('127.');
}
