#!/bin/sh
# Runs in a node: service.sh start|alive|kill containerd|dockerd|agent [ARGS…]
# A service is named by process id and start time, in /run, which is gone when the node is.
set -eu

main() {
  action=$1 name=$2
  shift 2
  file=/run/drover-lab/$name.pid
  case $action in
    start) start_service "$@" ;;
    alive) service_process >/dev/null ;;
    kill) pid=$(service_process) && kill -KILL "$pid" ;;
    *) echo "error: no action $action (BAD_USAGE)" >&2 && exit 2 ;;
  esac
}

start_time() { # PID, fails for a zombie
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  [ "$1" != Z ] && echo "${20}"
}

service_process() {
  read -r pid start 2>/dev/null <"$file" || return 1
  [ "$(start_time "$pid")" = "$start" ] && echo "$pid"
}

# The command of a service becomes the positional parameters.
start_service() {
  case $name in
    containerd) run containerd ;;
    dockerd)
      rm -f /run/docker.pid # of a killed one: its id may belong to somebody else by now
      run dockerd --containerd /run/containerd/containerd.sock ;;
    agent) run node /opt/drover/scripts/drover.mjs agent "$@" ;;
    *) echo "error: no service $name (BAD_USAGE)" >&2 && exit 2 ;;
  esac
}

# The shell in between ends at once, which makes the service a child of the node's PID 1. It also undoes the ignored
# SIGINT that background jobs of a shell inherit.
run() {
  setsid sh -c '
    file=$1 log=$2
    shift 2
    env --default-signal sh -c '\''
      file=$1
      shift
      read -r stat </proc/self/stat
      stat=${stat##*) }
      echo "$$ $(echo "$stat" | cut -d" " -f20)" >"$file.new"
      mv "$file.new" "$file"
      exec "$@"
    '\'' sh "$file" "$@" </dev/null >>"$log" 2>&1 &
    while [ ! -e "$file" ]; do sleep 0.01; done
  ' sh "$file" "/var/log/$name.log" "$@"
}

main "$@"
exit
