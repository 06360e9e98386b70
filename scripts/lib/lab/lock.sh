# One `lab` command that changes something at a time, per lab.

# File descriptor 9 is the lock. Helpers that a command starts inherit it, so that the next command also waits for
# helpers which outlive a killed one; daemons close it once they can be found again (by their cgroup).
take_lock() {
  mkdir -p "$STATE_BASE"
  exec 9>"$STATE_BASE/.$LAB.lock"
  if ! flock -n 9; then
    echo "waiting for another lab command to finish" >&2
    flock -w 180 9 || fail "another lab command has been working on lab $LAB for three minutes" LAB_BUSY
  fi
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}
