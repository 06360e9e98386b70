# `lab up`: from whatever is there to a lab that answers. Every step looks first and does only what is missing.

# Runs `FUNCTION N ARGUMENT` for each node at once, and fails if one did.
in_parallel() { # WHAT ARGUMENT FUNCTION N…
  local what=$1 argument=$2 function=$3 n failed=
  local -a jobs=()
  shift 3
  for n in "$@"; do
    "$function" "$n" ${argument:+"$argument"} &
    jobs+=("$!:edge-$n")
  done
  for n in "${jobs[@]}"; do
    wait "${n%%:*}" || failed+=" ${n#*:}"
  done
  [ -z "$failed" ] || fail "could not $what:$failed" LAB_STEP_FAILED
}

parse_up() {
  while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || bad_usage "$1 needs a value; see scripts/lab help"
    case $1 in
      --nodes) NODES=$2 ;;
      --memory) MEMORY=$2 ;;
      --link) LINK=$2 ;;
      *) bad_usage "up does not know $1; see scripts/lab help" ;;
    esac
    shift 2
  done
  check_settings
}

command_up() {
  local start
  local -a nodes
  start=$(now_ms)
  require_root
  load_settings
  parse_up "$@"
  ensure_os_packages
  take_lock
  load_settings
  parse_up "$@"
  ensure_root
  ensure_bridge
  mkdir -p "$STATE"
  save_settings
  mapfile -t nodes < <({ seq "$NODES"; known_nodes; } | sort -nu)
  raise_nodes "${nodes[@]}"
  ensure_images "${nodes[@]}"
  [ -n "$BARE" ] || raise_control "${nodes[@]}"
  say "lab $LAB is up: ${#nodes[@]} nodes on $SUBNET.0/24, $MEMORY each, link $LINK ($(seconds_since "$start"))"
}

raise_nodes() { # N…
  local start
  start=$(now_ms)
  in_parallel "start" "" ensure_node "$@"
  say "nodes with Docker: $# ($(seconds_since "$start"))"
}

raise_control() { # N…
  local start
  start=$(now_ms)
  ensure_coordinator
  in_parallel "start the agent of" "" ensure_agent "$@"
  await_agents "$@"
  say "coordinator at $SUBNET.1:7400, agents ready ($(seconds_since "$start"))"
}
