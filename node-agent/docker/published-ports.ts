import type { ContainerInspectInfo } from 'dockerode';
import type { Port } from '../../proto/index.ts';
import type { CreateBody } from './create-body.ts';

/** The node's ports that a container has taken, including those that the engine chose. Empty while it does not run. */
export function publishedPorts(inspect: ContainerInspectInfo): Port[] {
  return portsOf(inspect.NetworkSettings.Ports ?? {});
}

/** The node's ports that a container asks for by number. Those that the engine may choose are left out. */
export function requestedPorts(body: Pick<CreateBody, 'HostConfig'>): Port[] {
  return portsOf(body.HostConfig.PortBindings ?? {});
}

type Bindings = Readonly<
  Record<string, readonly { readonly HostIp?: string; readonly HostPort: string }[] | null | undefined>
>;

function portsOf(bindings: Bindings): Port[] {
  return Object.entries(bindings).flatMap(([key, hosts]) => {
    const [number = '', protocol = 'tcp'] = key.split('/');
    // A range or no number at all leaves the choice to the engine.
    const fixed = (hosts ?? []).filter(({ HostPort }) => /^[1-9][0-9]*$/.test(HostPort));
    return fixed.map(({ HostIp = '', HostPort }) => ({
      hostIp: HostIp,
      hostPort: Number(HostPort),
      containerPort: Number(number),
      protocol,
    }));
  });
}
