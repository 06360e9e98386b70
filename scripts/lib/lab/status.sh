# `lab status`: one line a node.

MIB=1048576

running() { if "$@" >/dev/null 2>&1; then echo running; else echo -; fi; }

node_status() { # N
  local docker=- agent=- containers=- up=down used limit
  limit=$(bytes_of "$MEMORY")
  used=$(memory_in_use "$CGROUP/edge-$1")
  if node_booted "$1"; then
    up=up
    docker=$(running docker_answers "$1")
    agent=$(running service "$1" alive agent)
    [ "$docker" = - ] || containers=$(enter_node "$1" docker ps -q | wc -l)
  fi
  printf '%-9s %-15s %-5s %-7s %-8s %-8s %10s %7s MiB of %s\n' "edge-$1" "$(node_address "$1")" "$up" \
    "$(link_state "$1")" "$docker" "$agent" "$containers" $((used / MIB)) $((limit / MIB))
}

command_status() {
  local n
  [ $# = 0 ] || bad_usage "status takes no arguments"
  require_root
  load_settings
  if ! lab_exists; then
    say "lab $LAB is not up"
    return
  fi
  say "lab $LAB on $SUBNET.0/24, link $LINK, coordinator $(running coordinator_pid)"
  printf '%-9s %-15s %-5s %-7s %-8s %-8s %10s %s\n' NODE ADDRESS STATE LINK DOCKERD AGENT CONTAINERS '    MEMORY'
  for n in $(known_nodes); do node_status "$n"; done
}
