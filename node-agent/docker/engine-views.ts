import type { z } from 'zod';
import type { Port } from '../../proto/index.ts';
import type { ContainerSummary, EngineEvent, EngineInfo, ExecSession, ImageSummary } from './engine-port.ts';
import type * as answers from './engine-schemas.ts';

// Docker's answers in the words of the engine port. All pure.

export function engineInfo(
  info: z.infer<typeof answers.infoSchema>,
  version: z.infer<typeof answers.versionSchema>,
): EngineInfo {
  return {
    version: version.Version,
    apiVersion: version.ApiVersion,
    arch: info.Architecture,
    kernel: info.KernelVersion,
    cpus: info.NCPU,
    cgroupVersion: info.CgroupVersion,
    cgroupDriver: info.CgroupDriver,
    storageDriver: info.Driver,
    liveRestore: info.LiveRestoreEnabled,
    runtimes: Object.keys(info.Runtimes ?? {}),
    runcVersion: version.Components?.find(({ Name }) => Name === 'runc')?.Version ?? '',
    rootDir: info.DockerRootDir,
  };
}

export function containerSummaries(list: z.infer<typeof answers.containerListSchema>): ContainerSummary[] {
  return list.map((container) => ({
    id: container.Id,
    name: nameOf(container.Names ?? []),
    image: container.Image,
    imageId: container.ImageID,
    state: container.State,
    labels: container.Labels ?? {},
    ports: (container.Ports ?? []).flatMap((port) => publishedPort(port)),
  }));
}

export function imageSummary(image: z.infer<typeof answers.imageSchema>): ImageSummary {
  return { id: image.Id, tags: image.RepoTags ?? [], arch: image.Architecture, sizeBytes: image.Size };
}

export function execSession(session: z.infer<typeof answers.execSchema>): ExecSession {
  const { entrypoint, arguments: rest } = session.ProcessConfig;
  return { id: session.ID, running: session.Running, command: [entrypoint, ...(rest ?? [])] };
}

export function engineEvent(event: z.infer<typeof answers.eventSchema>): EngineEvent {
  return { action: event.Action, containerId: event.Actor.ID, name: event.Actor.Attributes?.name ?? '' };
}

// Links add names of the form /other/alias; the container's own has one slash.
function nameOf(names: readonly string[]): string {
  const own = names.find((name) => name.lastIndexOf('/') === 0) ?? names[0] ?? '';
  return own.replace(/^\//, '');
}

type ListedPort = NonNullable<z.infer<typeof answers.containerListSchema>[number]['Ports']>[number];

function publishedPort({ IP, PublicPort, PrivatePort, Type }: ListedPort): Port[] {
  if (PublicPort === undefined) return [];
  return [{ hostIp: IP, hostPort: PublicPort, containerPort: PrivatePort, protocol: Type }];
}
