# shellcheck shell=bash
# A lab that belongs to one run of a script: raised, used, and taken away whatever happens. Sourced after setup.sh.

# INVARIANTS: from own_lab on, the lab is taken down at every exit, on signals too, unless KEEP_LAB is set. Nothing that
# outlives the script holds its lock (descriptor 8), so two runs never share a lab and no lab blocks the next run.
KEEP_LAB=
AT_EXIT=: # a function for the script's own last words
child=
interrupted=

own_lab() { # NAME [SUBNET]: without a subnet, the one that the lab has
  export DROVER_LAB=$1 DROVER_LAB_SUBNET=${2:-${DROVER_LAB_SUBNET:-}}
  [ -n "$DROVER_LAB_SUBNET" ] || unset DROVER_LAB_SUBNET
  unset DROVER_LAB_BARE
  # shellcheck source=scripts/lib/lab/settings.sh
  source "$PROJECT/scripts/lib/lab/settings.sh"
  export DROVER_CONTEXT=$STATE/coordinator/admin-context.json
  mkdir -p "$CACHE"
  exec 8>"$CACHE/.lab-$LAB.lock"
  flock -n 8 || fail "another run is using the lab \"$LAB\" right now: wait until it has ended" LAB_IN_USE
  trap 'end_own_lab $?' EXIT
  trap 'interrupt INT 130' INT
  trap 'interrupt TERM 143' TERM HUP
}

# What a killed run has left goes first, then up.
raise_own_lab() { # UP-ARGUMENTS…
  [ -n "$KEEP_LAB" ] || lab_quietly down
  interruptible scripts/lab up "$@" >&2
  load_settings
  export DROVER_LAB_SUBNET=$SUBNET
}

# Runs something to its end, and hands it signals, which bash alone would hold back until then.
interruptible() { # COMMAND…
  local status=0
  env --default-signal "$@" </dev/null 8>&- &
  child=$!
  while :; do
    wait "$child" && status=0 || status=$?
    kill -0 "$child" 2>/dev/null || break
  done
  child=
  [ -z "$interrupted" ] || exit "$interrupted"
  return "$status"
}

interrupt() { # SIGNAL STATUS
  interrupted=$2
  [ -n "$child" ] || exit "$2"
  kill -TERM "$child" 2>/dev/null || true
}

end_own_lab() { # STATUS
  local status=$1
  trap '' INT TERM HUP # a second Ctrl-C must not leave half a lab behind
  set +e
  "$AT_EXIT"
  if [ "$status" != 0 ] && [ -z "$interrupted" ]; then keep_logs; fi
  [ -n "$KEEP_LAB" ] || drop_own_lab || status=1
  exit "$status"
}

# Takes the lab down; fails when something stays.
drop_own_lab() { lab_quietly down && leftovers; }

lab_quietly() { scripts/lab "$@" </dev/null 8>&- >/dev/null; }

# The logs vanish with the lab; a failed run's are put aside, those of the last one only.
keep_logs() {
  local to=${TMPDIR:-/tmp}/drover-$LAB-logs log n
  [ -d "$STATE" ] || return 0
  rm -rf "$to"
  mkdir -p "$to" || return 0
  cp "$STATE/coordinator.log" "$to/" 2>/dev/null
  for n in $(printf '%s\n' "$STATE"/edge-*/ | grep -oE '[0-9]+/$'); do
    for log in "$STATE/edge-${n%/}"/log/*.log; do cp "$log" "$to/edge-${n%/}-${log##*/}" 2>/dev/null; done
  done
  for log in migrations events; do
    timeout 10 node scripts/drover.mjs "$log" -o json >"$to/$log.json" 2>/dev/null 8>&-
  done
  say "the logs of this run are in $to" >&2
}

# What `lab down` promises not to leave, looked for with other means than its own.
leftovers() {
  local found
  found=$(
    ls -d "$STATE" /sys/fs/cgroup/*"$CGROUP" /sys/fs/cgroup"$CGROUP" 2>/dev/null
    grep -F "$STATE/" /proc/self/mounts
    losetup -a 2>/dev/null | grep -F "$STATE/"
    ls -d /sys/class/net/"$BRIDGE" /sys/class/net/dv-"$KEY"-* 2>/dev/null
    PATH=$PATH:/usr/sbin:/sbin iptables -w -S 2>/dev/null | grep -F -e "$BRIDGE"
    grep -lE ":$CGROUP/" /proc/[0-9]*/cgroup 2>/dev/null
  )
  [ -z "$found" ] || { printf 'error: the lab %s has left behind (LAB_LEFTOVERS):\n%s\n' "$LAB" "$found" >&2; return 1; }
}
