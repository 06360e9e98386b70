# `lab down`: ends every process of the lab, then removes what only held them. Needs nothing but the lab's name, so it
# also clears away what a half-made or half-removed lab consists of.

lab_exists() {
  [ -d "$STATE" ] || [ -d "$CGROUP_MEMORY$CGROUP" ] || [ -d "/sys/class/net/$BRIDGE" ]
}

# The nodes' file systems go with their namespaces, a moment after the last process; loop devices with them.
loops_free() {
  local image
  for image in "$STATE"/edge-*/data.img; do
    [ ! -e "$image" ] || [ -z "$(losetup -j "$image" 2>/dev/null)" ] || return 1
  done
}

command_down() {
  local start
  [ $# = 0 ] || bad_usage "down takes no arguments"
  start=$(now_ms)
  require_root
  take_lock
  if ! lab_exists; then
    forget_lab
    say "lab $LAB is not up"
    return
  fi
  thaw "$CGROUP"
  end_processes 30 "$CGROUP"
  remove_network
  remove_lab_cgroups
  wait_until 10 loops_free || fail "a loop device still holds a file of lab $LAB" LOOP_BUSY
  safe_remove "$STATE"
  forget_lab
  say "lab $LAB is down ($(seconds_since "$start"))"
}

# The lock file last; whoever waits for it finds that it has gone and makes a new one.
forget_lab() {
  rm -f "$STATE_BASE/.$LAB.lock"
  rmdir "$STATE_BASE" 2>/dev/null || true
}
