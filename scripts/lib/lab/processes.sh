# Ending processes by id, and only our own. A process id may have passed on to a stranger; what it stands for is
# shown by the memory cgroup that every process of the lab joins before it does anything else.

process_start() { # PID: its start time, which together with the id names it for good
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) } # the name in parentheses may hold spaces
  # shellcheck disable=SC2086
  set -- $stat
  [ "$1" != Z ] && echo "${20}"
}

# The process that a "PID START" file names, if it lives.
process_of() { # FILE
  local pid start
  read -r pid start 2>/dev/null <"$1" || return 1
  [[ $pid =~ ^[1-9][0-9]*$ ]] && [ "$(process_start "$pid")" = "$start" ] && echo "$pid"
}

record_process() { # PID FILE
  echo "$1 $(process_start "$1")" >"$2.new" && mv "$2.new" "$2"
}

# SIGKILL for a process that is still in the given cgroup.
kill_in_cgroup() { # PID CGROUP
  local line
  while IFS= read -r line; do
    case $line in
      *:memory:"$2" | *:memory:"$2"/* | 0::"$2" | 0::"$2"/*) kill -KILL "$1" 2>/dev/null || true; return 0 ;;
    esac
  done < <(cat "/proc/$1/cgroup" 2>/dev/null)
}

cgroup_processes() { # CGROUP: everything in it and below
  local dir=$CGROUP_MEMORY$1
  [ -d "$dir" ] || return 0
  find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -un
}

# Ends all processes of some cgroups. New ones may be forked meanwhile, hence the rounds.
end_processes() { # SECONDS CGROUP…
  local end=$(($(now_ms) + $1 * 1000)) group pid left
  shift
  while :; do
    left=
    for group in "$@"; do
      thaw "$group"
      for pid in $(cgroup_processes "$group"); do
        left=$pid
        kill_in_cgroup "$pid" "$group"
      done
    done
    [ -n "$left" ] || return 0
    [ "$(now_ms)" -lt "$end" ] || fail "process $left of lab $LAB does not end" PROCESS_STUCK
    sleep 0.03
  done
}
