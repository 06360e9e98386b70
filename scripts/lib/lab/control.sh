# The control plane of the lab: the coordinator on the machine, an agent in each node.

CONTEXT=$STATE/coordinator/admin-context.json

drover() { DROVER_CONTEXT=$CONTEXT node "$PROJECT/scripts/drover.mjs" "$@" 9>&-; }

coordinator_pid() {
  local pid
  pid=$(process_of "$STATE/coordinator.pid") || return 1
  grep -q -e ":memory:$CGROUP/coordinator\$" -e "^0::$CGROUP/coordinator\$" "/proc/$pid/cgroup" 2>/dev/null && echo "$pid"
}

start_coordinator() {
  make_cgroup "$CGROUP/coordinator"
  end_processes 10 "$CGROUP/coordinator" # should one be left whose id nobody wrote down
  (
    join_cgroup "$CGROUP/coordinator"
    record_process "$BASHPID" "$STATE/coordinator.pid" # stays the same through exec
    cd "$PROJECT" || exit
    exec env --default-signal setsid node scripts/drover.mjs coordinator --listen "$SUBNET.1:7400" \
      --data-dir "$STATE/coordinator" >>"$STATE/coordinator.log" 2>&1 </dev/null 9>&-
  ) &
  wait_until 5 coordinator_pid >/dev/null || true # recorded; if it ended already, the caller sees that
}

coordinator_alive() { coordinator_pid >/dev/null; }

coordinator_answers() {
  coordinator_pid >/dev/null && [ -s "$CONTEXT" ] && drover nodes >/dev/null 2>&1
}

ensure_coordinator() {
  coordinator_pid >/dev/null || start_coordinator
  wait_while_alive 30 coordinator_alive coordinator_answers "" || {
    tail -n 5 "$STATE/coordinator.log" >&2
    fail "the coordinator does not answer; see $STATE/coordinator.log" COORDINATOR_FAILED
  }
}

# Prints a fresh token for a node that has never joined.
join_token() { # N
  local pid
  pid=$(node_pid "$1")
  [ ! -e "/proc/$pid/root/var/lib/drover/identity" ] || return 0
  drover token create -o json | node -p 'JSON.parse(require("fs").readFileSync(0, "utf8")).token.token'
}

ensure_agent() { # N
  local token
  local -a arguments
  ! service "$1" alive agent || return 0
  enter_node "$1" node /opt/drover/scripts/drover.mjs agent install --no-systemd >>"$(node_dir "$1")/log/install.log" 2>&1 || {
    tail -n 5 "$(node_dir "$1")/log/install.log" >&2
    fail "the runtime shim could not be installed in edge-$1" INSTALL_FAILED
  }
  token=$(join_token "$1") || fail "the coordinator gives no join token for edge-$1" TOKEN_FAILED
  arguments=(--coordinator "$SUBNET.1:7400" --name "edge-$1" --data-dir /var/lib/drover
    --memory-cgroup "$CGROUP_MEMORY$CGROUP/edge-$1")
  [ -z "$token" ] || arguments+=(--token "$token")
  service "$1" start agent "${arguments[@]}"
}

nodes_ready() { # N…
  local answer
  answer=$(drover nodes -o json 2>/dev/null) || return 1
  node -e '
    const ready = JSON.parse(process.argv[1]).nodes.filter((n) => n.state === "ready").map((n) => n.name);
    process.exit(process.argv.slice(2).every((n) => ready.includes("edge-" + n)) ? 0 : 1);' "$answer" "$@"
}

# Waits for the agents to have joined, and gives up early when one has ended.
await_agents() { # N…
  local n end=$(($(now_ms) + 60000))
  until nodes_ready "$@"; do
    for n in "$@"; do
      service "$n" alive agent || agent_failed "$n" "ended"
    done
    [ "$(now_ms)" -lt "$end" ] || agent_failed "$1" "or another did not get ready within a minute"
    sleep 0.2
  done
}

agent_failed() { # N HOW
  tail -n 5 "$(node_dir "$1")/agent.log" >&2
  fail "the agent of edge-$1 $2; see $(node_dir "$1")/agent.log" AGENT_FAILED
}

command_drover() {
  load_settings
  export DROVER_CONTEXT=$CONTEXT
  exec node "$PROJECT/scripts/drover.mjs" "$@"
}

begin_control() {
  require_root
  load_settings
  take_lock
  [ -d "$STATE" ] || fail "lab $LAB is not up" LAB_DOWN
}

command_start_coordinator() {
  begin_control
  ensure_coordinator
  say "coordinator up at $SUBNET.1:7400"
}

command_restart_coordinator() {
  begin_control
  kill_coordinator || true
  ensure_coordinator
  say "coordinator restarted at $SUBNET.1:7400"
}

kill_coordinator() {
  local pid
  pid=$(coordinator_pid) || return 1
  kill_in_cgroup "$pid" "$CGROUP/coordinator"
  end_processes 5 "$CGROUP/coordinator"
}

command_start_agent() {
  local n
  n=$(node_number "${1:-}")
  begin_control
  ensure_agent "$n"
  await_agents "$n"
  say "agent of edge-$n up"
}

command_restart_agent() {
  local n
  n=$(node_number "${1:-}")
  begin_control
  service "$n" kill agent || true
  ensure_agent "$n"
  await_agents "$n"
  say "agent of edge-$n restarted"
}
