import type { Command } from 'commander';

// Flags of `docker run`, by what they take. Each becomes a property of RunFlags in camelCase.
const switches = {
  '-d, --detach': 'accepted: workloads always run in the background',
  '-i, --interactive': 'keep stdin open',
  '-t, --tty': 'give it a terminal',
  '-P, --publish-all': 'publish all exposed ports on ports that the node picks',
  '--init': 'run an init inside that reaps processes',
  '--privileged': 'give it every right',
  '--read-only': 'make its root file system read-only',
  '--no-healthcheck': "switch the image's health check off",
  '--oom-kill-disable': 'do not kill it when it is out of memory',
  '--rm': 'refused: a container that vanishes at its exit would vanish at a move',
} as const;

const values = {
  '--name <name>': 'name of the workload',
  '-w, --workdir <dir>': 'working directory inside',
  '-u, --user <user>': 'user and group to run as',
  '-h, --hostname <name>': 'host name inside',
  '--domainname <name>': 'domain name inside',
  '--restart <policy>': 'no, always, unless-stopped or on-failure[:N]',
  '-m, --memory <size>': 'memory limit, e.g. 256m',
  '--memory-swap <size>': 'limit of memory and swap together, -1 for none',
  '--memory-reservation <size>': 'memory soft limit',
  '--cpus <n>': 'number of CPUs, e.g. 0.5',
  '-c, --cpu-shares <n>': 'CPU weight',
  '--cpuset-cpus <list>': 'CPUs to run on, e.g. 0-1',
  '--cpuset-mems <list>': 'memory nodes to use',
  '--pids-limit <n>': 'most processes, -1 for any number',
  '--entrypoint <program>': "replace the image's entry point",
  '--shm-size <size>': 'size of /dev/shm',
  '--stop-signal <signal>': 'signal that stops it',
  '--stop-timeout <seconds>': 'how long it may take to stop',
  '--health-cmd <command>': 'command that checks its health',
  '--health-interval <duration>': 'time between two checks',
  '--health-timeout <duration>': 'longest time for one check',
  '--health-retries <n>': 'failures in a row until it is unhealthy',
  '--health-start-period <duration>': 'time in which failures do not count',
  '--log-driver <driver>': 'log driver',
  '--ipc <mode>': 'IPC namespace',
  '--pid <mode>': 'PID namespace',
  '--userns <mode>': 'user namespace',
  '--uts <mode>': 'UTS namespace',
  '--cgroupns <mode>': 'cgroup namespace',
  '--oom-score-adj <n>': 'preference of the OOM killer, -1000 to 1000',
  '--platform <platform>': "accepted: the image is that of the node's own platform",
  '--pull <policy>': 'accepted: a node pulls an image that it lacks',
} as const;

const lists = {
  '-e, --env <variable>': 'KEY=VALUE, or KEY to take the value from here',
  '--env-file <file>': 'file of such lines',
  '-p, --publish <ports>': '[IP:][PORT:]PORT[/PROTOCOL], ranges too',
  '--expose <ports>': 'port or range that the container listens on',
  '-v, --volume <volume>': 'NAME:PATH[:OPTIONS]',
  '--mount <mount>': 'type=…,source=…,target=…',
  '--tmpfs <path>': 'PATH[:OPTIONS]',
  '-l, --label <label>': 'KEY=VALUE',
  '--label-file <file>': 'file of such lines',
  '--cap-add <capability>': 'add a Linux capability',
  '--cap-drop <capability>': 'drop a Linux capability',
  '--security-opt <option>': 'security option',
  '--device <device>': 'HOST[:CONTAINER[:rwm]]',
  '--log-opt <option>': 'KEY=VALUE for the log driver',
  '--network <network>': 'network to join',
  '--network-alias <name>': 'another name in that network',
  '--dns <address>': 'DNS server',
  '--dns-search <domain>': 'DNS search domain',
  '--dns-option <option>': 'DNS option',
  '--add-host <host>': 'NAME:ADDRESS for /etc/hosts',
  '--sysctl <setting>': 'KEY=VALUE',
  '--ulimit <limit>': 'NAME=SOFT[:HARD]',
  '--group-add <group>': 'another group to run with',
} as const;

type Camel<Text extends string> = Text extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Text;
type Long<Flags> = Flags extends `${string}, ${infer Rest}`
  ? Long<Rest>
  : Flags extends `--${infer Name}`
    ? Name
    : never;
type NameOf<Flags> = Long<Flags> extends `${infer Name} ${string}` ? Camel<Name> : Camel<Long<Flags>>;

/** The flags of one `docker run`, as they were written. `healthcheck` is false after --no-healthcheck. */
export type RunFlags = { readonly [Flag in keyof typeof values as NameOf<Flag>]?: string } & {
  readonly [Flag in keyof typeof lists as NameOf<Flag>]?: string[];
} & {
  readonly [Flag in keyof typeof switches as NameOf<Flag> extends 'noHealthcheck'
    ? 'healthcheck'
    : NameOf<Flag>]?: boolean;
};

/** Adds every flag of `docker run` that Drover understands. Flags end at the image. */
export function addRunFlags(command: Command): Command {
  command.helpOption('--help', 'display help for command').passThroughOptions();
  for (const [flags, text] of Object.entries(switches)) command.option(flags, text);
  for (const [flags, text] of Object.entries(values)) command.option(flags, text);
  for (const [flags, text] of Object.entries(lists)) command.option(flags, text, collect);
  return command;
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
