# One node: namespaces, a root file system of its own, a cable, containerd and dockerd.

# Prints the machine's process id of the node's PID 1, if it lives.
node_pid() { # N
  local pid
  pid=$(process_of "$(node_dir "$1")/init.pid") || return 1
  grep -q -e ":memory:$CGROUP/edge-$1-system\$" -e "^0::$CGROUP/edge-$1-system\$" "/proc/$pid/cgroup" 2>/dev/null &&
    echo "$pid"
}

node_booted() { # N
  local pid
  pid=$(node_pid "$1") && [ -e "/proc/$pid/root/run/drover-lab/booted" ]
}

prepare_node_files() { # N
  local dir size
  dir=$(node_dir "$1")
  mkdir -p "$dir"/{upper,work,root,docker,containerd,log}
  ln -sfn log/agent.log "$dir/agent.log"
  [ -e "$dir/data.img" ] && return
  # The agent's data lies on a small file system of its own, so that its disk can be full. Sparse: it takes what it holds.
  size=$(bytes_of "${DROVER_LAB_DISK:-4G}")
  truncate -s "$size" "$dir/data.img.new"
  mkfs.ext4 -q -F -m 0 -E lazy_itable_init=1,nodiscard "$dir/data.img.new" </dev/null
  mv "$dir/data.img.new" "$dir/data.img"
}

prepare_node_cgroups() { # N
  make_cgroup "$CGROUP/edge-$1"
  make_cgroup "$CGROUP/edge-$1-system"
  limit_memory "$CGROUP/edge-$1" "$(bytes_of "$MEMORY")"
}

# Starts PID 1 in new namespaces; it builds its own view of the file system (inside/init.sh).
boot_node() { # N
  local dir
  dir=$(node_dir "$1")
  end_processes 10 "$CGROUP/edge-$1" "$CGROUP/edge-$1-system" # of an earlier life, or of an `up` that was killed
  remove_empty_cgroups_below "$CGROUP/edge-$1"
  rm -f "$dir/init.pid"
  (
    # Without the lock from here on: a later command finds this process in its cgroup.
    join_cgroup "$CGROUP/edge-$1-system"
    exec env -i --default-signal PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      LAB_DIR="$dir" LAB_ROOT="$ROOT" LAB_PROJECT="$PROJECT" LAB_NODEJS="$(readlink -f "$(command -v node)")" LAB_NODE="edge-$1" LAB_ADDRESS="$(node_address "$1")" \
      LAB_GATEWAY="$SUBNET.1" LAB_CGROUP="$CGROUP/edge-$1" LAB_CGROUP_VERSION="$CGROUP_VERSION" \
      setsid unshare -n -m -p -u -i -f --propagation private \
      sh "$PROJECT/scripts/lib/lab/inside/init.sh" >>"$dir/log/boot.log" 2>&1 </dev/null 9>&-
  ) &
  boot_job=$!
  wait_while_alive 20 boot_job_alive node_booted "$1" || {
    tail -n 5 "$dir/log/boot.log" >&2
    fail "edge-$1 does not boot; see $dir/log/boot.log" NODE_BOOT_FAILED
  }
}

boot_job_alive() { kill -0 "$boot_job" 2>/dev/null; }

# Becomes a process in a node, accounted to the node's system cgroup. It ends when nsenter does, should that be killed.
become_in_node() { # N COMMAND…
  local pid n=$1
  shift
  pid=$(node_pid "$n") || fail "edge-$n is not up" NODE_DOWN
  join_cgroup "$CGROUP/edge-$n-system"
  exec nsenter -t "$pid" -a -w -- \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    TERM="${TERM:-dumb}" setpriv --pdeathsig KILL "$@"
}

enter_node() { (become_in_node "$@"); }

# Brings a node from whatever state it is in to a running Docker.
ensure_node() { # N
  local pid
  prepare_node_files "$1"
  prepare_node_cgroups "$1"
  node_booted "$1" || boot_node "$1"
  pid=$(node_pid "$1") || fail "edge-$1 ended while it was being set up" NODE_DOWN
  connect_node "$1" "$pid"
  shape_node "$1" "$pid"
  ensure_docker "$1"
}

stop_node() { # N
  local pid
  thaw "$CGROUP/edge-$1"
  if pid=$(node_pid "$1"); then
    kill_in_cgroup "$pid" "$CGROUP/edge-$1-system" # the kernel ends the rest of the PID namespace
  fi
  end_processes 15 "$CGROUP/edge-$1" "$CGROUP/edge-$1-system"
  rm -f "$(node_dir "$1")/init.pid"
}

command_exec() {
  local n
  [ $# -ge 1 ] || bad_usage "exec needs a node: scripts/lab exec NODE -- CMD…"
  n=$(node_number "$1")
  shift
  [ "${1:-}" != -- ] || shift
  [ $# -ge 1 ] || bad_usage "exec needs a command: scripts/lab exec NODE -- CMD…"
  require_root
  load_settings
  become_in_node "$n" "$@"
}

command_restart() {
  local n
  n=$(node_number "${1:-}")
  require_root
  load_settings
  take_lock
  ensure_root
  [ -d "$(node_dir "$n")" ] || fail "there is no edge-$n in lab $LAB" NODE_UNKNOWN
  stop_node "$n"
  ensure_node "$n"
  [ -n "$BARE" ] || ensure_agent "$n"
  say "edge-$n restarted"
}
