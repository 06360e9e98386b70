# The lab's cgroups: under each controller (v1) or in the one tree (v2),
#   /drover/LAB/edge-N          the containers of a node, limited to the device's memory (dockerd's cgroup-parent)
#   /drover/LAB/edge-N-system   PID 1, containerd, dockerd and the agent of the node, not limited
#   /drover/LAB/coordinator

if [ "$(stat -fc %T /sys/fs/cgroup 2>/dev/null)" = cgroup2fs ]; then
  CGROUP_VERSION=2 CGROUP_MEMORY=/sys/fs/cgroup
else
  CGROUP_VERSION=1 CGROUP_MEMORY=/sys/fs/cgroup/memory
fi

# Mount points of all hierarchies.
cgroup_mounts() { awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/self/mounts | sort -u; }

# Version 2 hands a controller down only where the parent says so.
delegate_controllers() {
  local dir=$CGROUP_MEMORY part
  [ "$CGROUP_VERSION" = 2 ] || return 0
  for part in drover "$LAB" ''; do
    for controller in memory cpu cpuset io pids; do
      echo "+$controller" >"$dir/cgroup.subtree_control" 2>/dev/null || true
    done
    dir=$dir/$part
    mkdir -p "$dir"
  done
}

make_cgroup() { # CGROUP
  [ -d "$CGROUP_MEMORY$1" ] && return
  mkdir -p "$CGROUP_MEMORY$CGROUP"
  delegate_controllers
  mkdir -p "$CGROUP_MEMORY$1"
}

# Moves the calling (sub)shell, and so all that it starts, into a cgroup.
join_cgroup() { # CGROUP
  echo "$BASHPID" >"$CGROUP_MEMORY$1/cgroup.procs" || fail "cannot enter the cgroup $1" CGROUP_FAILED
}

limit_memory() { # CGROUP BYTES
  local file=memory.limit_in_bytes
  [ "$CGROUP_VERSION" = 1 ] || file=memory.max
  [ "$(cat "$CGROUP_MEMORY$1/$file")" = "$2" ] || echo "$2" >"$CGROUP_MEMORY$1/$file" ||
    fail "cannot limit the memory of $1 to $2 bytes: more is in use" MEMORY_LIMIT_FAILED
}

memory_in_use() { # CGROUP
  cat "$CGROUP_MEMORY$1/memory.usage_in_bytes" 2>/dev/null || cat "$CGROUP_MEMORY$1/memory.current" 2>/dev/null || echo 0
}

# A frozen task of version 1 does not even die: thaw before killing.
thaw() { # CGROUP
  local file
  if [ "$CGROUP_VERSION" = 1 ]; then
    [ -d "/sys/fs/cgroup/freezer$1" ] || return 0
    while IFS= read -r file; do
      echo THAWED >"$file" 2>/dev/null || true
    done < <(find "/sys/fs/cgroup/freezer$1" -name freezer.state 2>/dev/null)
  fi
}

# rmdir, deepest first, in all hierarchies. What still has processes stays.
remove_cgroup() { # CGROUP
  local mount
  for mount in $(cgroup_mounts); do
    [ -d "$mount$1" ] || continue
    find "$mount$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
}

# The same for the cgroups below it that containers of a dead node left.
remove_empty_cgroups_below() { # CGROUP
  local mount
  for mount in $(cgroup_mounts); do
    [ -d "$mount$1" ] || continue
    find "$mount$1" -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
}

remove_lab_cgroups() {
  local mount
  wait_until 5 lab_cgroups_gone || fail "some cgroups of lab $LAB cannot be removed" CGROUP_BUSY
  for mount in $(cgroup_mounts); do
    rmdir "$mount/drover" 2>/dev/null || true # another lab may be in it
  done
}

lab_cgroups_gone() {
  local mount
  remove_cgroup "$CGROUP"
  for mount in $(cgroup_mounts); do
    [ ! -d "$mount$CGROUP" ] || return 1
  done
}
