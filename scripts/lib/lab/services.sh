# The long-running programs in a node: containerd, dockerd, agent. They are children of the node's PID 1 and are
# started, looked at and killed by inside/service.sh, which runs in the node.

service() { # N start|alive|kill NAME [ARGS…]
  local n=$1
  shift
  enter_node "$n" sh /opt/drover/scripts/lib/lab/inside/service.sh "$@"
}

docker_answers() { # N
  local pid
  pid=$(node_pid "$1") || return 1
  [ -S "/proc/$pid/root/run/docker.sock" ] && enter_node "$1" docker version >/dev/null 2>&1
}

containerd_answers() { # N
  local pid
  pid=$(node_pid "$1") || return 1
  [ -S "/proc/$pid/root/run/containerd/containerd.sock" ]
}

containerd_alive() { service "$1" alive containerd; }
dockerd_alive() { service "$1" alive dockerd; }

ensure_docker() { # N
  containerd_alive "$1" || service "$1" start containerd
  wait_while_alive 30 containerd_alive containerd_answers "$1" || service_failed "$1" containerd
  dockerd_alive "$1" || service "$1" start dockerd
  wait_while_alive 60 dockerd_alive docker_answers "$1" || service_failed "$1" dockerd
}

service_failed() { # N NAME
  local log
  log=$(node_dir "$1")/log/$2.log
  tail -n 5 "$log" >&2
  fail "$2 of edge-$1 does not answer; see $log" SERVICE_FAILED
}
