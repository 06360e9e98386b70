import type { ContainerInspectInfo } from '../docker/engine-port.ts';

/** One sentence for each mount whose content would stay behind. Pure. */
export function mountReasons({ Mounts }: ContainerInspectInfo): string[] {
  return (Mounts ?? []).filter(({ Type }) => Type !== 'tmpfs').map(mountReason);
}

function mountReason({ Type, Name, Source, Destination }: ContainerInspectInfo['Mounts'][number]): string {
  if (Type === 'bind') {
    return `It uses ${Source} of this node at ${Destination} (a bind mount): start it without that mount, or put the files into the image.`;
  }
  if (Type === 'volume') {
    const volume = Name === undefined || /^[0-9a-f]{64}$/.test(Name) ? 'an anonymous volume' : `the volume ${Name}`;
    return `It keeps data in ${volume} at ${Destination}, and volumes are not moved yet: start it without the volume, or keep the data in the container.`;
  }
  return `It has a mount of the type ${Type} at ${Destination}, which cannot be moved: start it without that mount.`;
}
