/** Where things live on a node. Everything below `run` is lost at a reboot, and so are the tasks that it is about. */
export interface RuntimePaths {
  /** Installed shim and action script. */
  readonly library: string;
  /** Root-only, on tmpfs: restore tickets and dump controls. */
  readonly run: string;
  /** runc's state roots by Docker runtime name; all of Docker's runc-like runtimes are looked through. */
  readonly dockerRuntimes: string;
}

export const defaultPaths: RuntimePaths = {
  library: '/usr/local/lib/drover',
  run: '/run/drover',
  dockerRuntimes: '/run/docker',
};
