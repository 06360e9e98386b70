# `lab fault`: what goes wrong at the edge, on purpose; and `heal`, which undoes it.

FILL_FILES="/var/lib/drover/.lab-fill /var/lib/drover/.lab-fill-rest"

command_fault() {
  local kind=${1:-} n=
  shift || true
  case $kind in
    cut | kill-agent | kill-dockerd | fill-disk) n=$(node_number "${1:-}") ;;
    heal) [[ ${1:-} = all || ${1:-} = coordinator ]] || n=$(node_number "${1:-}") ;;
    kill-coordinator) ;;
    *) bad_usage "fault takes cut, heal, kill-agent, kill-dockerd, kill-coordinator or fill-disk" ;;
  esac
  require_root
  load_settings
  take_lock
  [ -d "$STATE" ] || fail "lab $LAB is not up" LAB_DOWN
  [ -z "$n" ] || [ -d "$(node_dir "$n")" ] || fail "there is no edge-$n in lab $LAB" NODE_UNKNOWN
  case $kind in
    cut) cut_link "$n" ;;
    kill-agent) kill_service "$n" agent ;;
    kill-dockerd) kill_service "$n" dockerd ;;
    kill-coordinator) kill_coordinator || fail "the coordinator is not running" NOT_RUNNING
      say "coordinator killed" ;;
    fill-disk) fill_disk "$n" ;;
    heal) heal "${1}" "$n" ;;
  esac
}

cut_link() { # N
  ip link set "$(node_link "$1")" down 2>/dev/null || fail "edge-$1 has no link" NODE_DOWN
  say "link of edge-$1 cut"
}

kill_service() { # N NAME
  service "$1" kill "$2" || fail "$2 of edge-$1 is not running" NOT_RUNNING
  say "$2 of edge-$1 killed"
}

# Takes all blocks: at one go, then the crumbs that the file system's own metadata left over.
# shellcheck disable=SC2016,SC2086 # expanded in the node; a list
fill_disk() { # N
  local status=0
  enter_node "$1" sh -c '
    grep -q "^/dev/loop[0-9]* /var/lib/drover " /proc/mounts || exit 7
    fallocate -l "$(($(stat -fc %a /var/lib/drover) * $(stat -fc %S /var/lib/drover)))" "$1" 2>/dev/null
    timeout 60 dd if=/dev/zero of="$2" bs=4k 2>/dev/null
    [ "$(stat -fc %a /var/lib/drover)" -lt 16 ]' sh $FILL_FILES || status=$?
  [ $status != 7 ] || fail "a full disk is not available on this kernel: it has no loop devices" FAULT_UNAVAILABLE
  [ $status = 0 ] || fail "the disk of edge-$1 could not be filled" FAULT_FAILED
  say "disk of edge-$1 full"
}

heal() { # edge-N|coordinator|all N
  local n
  if [ "$1" = coordinator ] || [ "$1" = all ]; then
    [ -n "$BARE" ] || ensure_coordinator
  fi
  for n in $(if [ "$1" = all ]; then known_nodes; else echo "$2"; fi); do
    heal_node "$n"
  done
  say "$1 healed"
}

heal_node() { # N
  ensure_root
  # shellcheck disable=SC2086 # a list
  ! node_booted "$1" || enter_node "$1" rm -f $FILL_FILES
  ensure_node "$1"
  [ -n "$BARE" ] || { ensure_agent "$1" && await_agents "$1"; }
}
