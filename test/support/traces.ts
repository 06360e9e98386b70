import { labExec } from './lab.ts';

// What a migration could leave on a node, one list each, without what changes by itself (process and interface numbers).
const looks = {
  containers: 'docker ps -a --format "{{.Names}} {{.State}}" | sort',
  images: 'docker image ls -a --format "{{.Repository}}:{{.Tag}} {{.ID}}" | sort',
  controls: 'find /run/drover -mindepth 2 | sort',
  checkpoints: 'find /var/lib/drover/checkpoints /var/lib/drover/handovers -mindepth 1 2>/dev/null | sort',
  criu: 'ls -A /etc/criu 2>/dev/null',
  mounts: `cut -d' ' -f2 /proc/mounts | sed -E 's#[0-9a-f]{64}#ID#; s#/netns/[0-9a-f]{12}#/netns/ID#' | sort`,
  cgroups:
    'find /sys/fs/cgroup/memory/drover/LAB/NODE /sys/fs/cgroup/freezer/drover/LAB/NODE -type d | sed "s#[0-9a-f]\\{64\\}#ID#" | sort',
  rules: 'iptables-save | grep -v "^#" | sed -E "s#172\\.17\\.0\\.[0-9]+#IP#g; s#\\[[0-9]+:[0-9]+\\]##" | sort',
  // The first word of each process; what looks is left out.
  processes:
    'for p in /proc/[0-9]*; do tr "\\0" " " <"$p/cmdline" 2>/dev/null | cut -d" " -f1-2; done | grep -E "^(runc|criu|tar|sh /run|/bin/sh /usr/local/lib/drover|/bin/sh /run)" | sort',
};

/** Everything on a node that a migration should leave as it was: to be compared before and after. */
export async function traces(node: string): Promise<Record<string, string[]>> {
  const parts = Object.entries(looks).map(([what, command]) => `echo "=== ${what}"; ${command} || true`);
  const script = parts
    .join('\n')
    .replaceAll('LAB', process.env.DROVER_LAB ?? 'lab')
    .replaceAll('NODE', node);
  const [, ...found] = (await labExec(node, 'sh', '-c', script)).split(/^=== /m);
  return Object.fromEntries(
    found.map((part) => {
      const [what = '', ...lines] = part.trim().split('\n');
      return [what, lines];
    }),
  );
}
