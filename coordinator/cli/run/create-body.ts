import type Docker from 'dockerode';
import { DroverError } from '../../../proto/index.ts';
import { healthcheck } from './healthcheck.ts';
import { hostConfig } from './host-config.ts';
import { environment, fileLines, keyValues } from './key-values.ts';
import { volumes } from './mounts.ts';
import { networking } from './networking.ts';
import { ports } from './ports.ts';
import { whole } from './quantities.ts';
import type { RunFlags } from './run-flags.ts';
import { withoutEmpty } from './without-empty.ts';

/** What the translation reads besides the flags. */
export interface RunSources {
  /** Environment of this program, for `-e KEY`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
}

/** Body of Docker's create call. Keys without a value are left out. */
export type CreateBody = Omit<Docker.ContainerCreateOptions, 'name' | 'platform'>;

/**
 * Translates the flags of `docker run`, an image and a command into the body of Docker's create call.
 *
 * @throws DroverError BAD_USAGE for a flag that makes no sense, or that no workload can have
 */
export function createBody(
  flags: RunFlags,
  image: string,
  command: readonly string[],
  sources: RunSources,
): CreateBody {
  refuseRemoval(flags);
  const { exposed } = ports(flags.publish ?? [], flags.expose ?? []);
  const anonymous = volumes(flags.volume ?? []).anonymous.map((path) => [path, {}] as const);
  return withoutEmpty({
    Image: image,
    Cmd: [...command],
    Entrypoint: flags.entrypoint === undefined ? undefined : [flags.entrypoint],
    Env: environment({ fromFiles: lines('env-file', flags.envFile, sources), flags: flags.env ?? [] }, sources.env),
    Labels: keyValues([...lines('label-file', flags.labelFile, sources), ...(flags.label ?? [])]),
    WorkingDir: flags.workdir,
    User: flags.user,
    Hostname: flags.hostname,
    Domainname: flags.domainname,
    Tty: flags.tty,
    OpenStdin: flags.interactive,
    StopSignal: flags.stopSignal,
    StopTimeout:
      flags.stopTimeout === undefined
        ? undefined
        : whole('stop-timeout', flags.stopTimeout, { min: -1, max: 2_147_483_647 }),
    Healthcheck: healthcheck(flags),
    ExposedPorts: exposed,
    Volumes: Object.fromEntries(anonymous),
    HostConfig: hostConfig(flags, sources),
    NetworkingConfig: networking(flags),
  });
}

function refuseRemoval({ rm }: RunFlags): void {
  if (!rm) return;
  const message =
    'Leave --rm out: such a container vanishes when it stops, and so at a hand-over; use `drover rm` later.';
  throw new DroverError('BAD_USAGE', message, { details: { flag: 'rm' } });
}

function lines(flag: string, paths: readonly string[] | undefined, { readFile }: RunSources): readonly string[] {
  return (paths ?? []).flatMap((path) => fileLines(flag, path, readFile));
}
