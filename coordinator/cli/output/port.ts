import type { Port } from '../../../proto/index.ts';

/** A published port as JSON shows it. */
export function portJson(port: Port) {
  return {
    host_ip: port.hostIp,
    host_port: port.hostPort,
    container_port: port.containerPort,
    protocol: port.protocol,
  };
}

/** A published port as `docker ps` writes it, e.g. `0.0.0.0:8080->80/tcp`. */
export function portText(port: Port): string {
  const host = port.hostIp.includes(':') ? `[${port.hostIp}]` : port.hostIp || '0.0.0.0';
  return `${host}:${port.hostPort}->${port.containerPort}/${port.protocol || 'tcp'}`;
}
