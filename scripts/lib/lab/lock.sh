# One `lab` command that changes something at a time, per lab.

# File descriptor 9 is the lock. Helpers that a command starts inherit it, so that the next command also waits for
# helpers which outlive a killed one; daemons close it once they can be found again (by their cgroup).
take_lock() {
  local file=$STATE_BASE/.$LAB.lock
  while :; do
    mkdir -p "$STATE_BASE"
    exec 9>"$file"
    if ! flock -n 9; then
      echo "waiting for another lab command to finish" >&2
      flock -w 180 9 || fail "another lab command has been working on lab $LAB for three minutes" LAB_BUSY
    fi
    [ ! "$file" -ef /proc/self/fd/9 ] || break # `down` deletes the file; then this lock is nobody's
  done
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}
