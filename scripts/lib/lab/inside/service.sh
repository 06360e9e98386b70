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
    become) become_service "$@" ;;
    alive) service_process >/dev/null ;;
    kill) pid=$(service_process) && kill -KILL "$pid" && wait_gone "$pid" ;;
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
  { read -r pid start <"$file"; } 2>/dev/null || return 1
  [ "$(start_time "$pid")" = "$start" ] && echo "$pid"
}

wait_gone() { # PID
  tries=0
  while start_time "$1" >/dev/null && [ $tries -lt 250 ]; do
    tries=$((tries + 1))
    sleep 0.02
  done
}

# The subshell ends at once, which makes the service a child of the node's PID 1. `env` undoes the ignored SIGINT that
# background jobs of a shell inherit; descriptor 9 is the lab's lock, which is not for services to hold.
start_service() {
  rm -f "$file"
  (setsid env --default-signal sh "$0" become "$name" "$@" </dev/null >>"/var/log/$name.log" 2>&1 9>&- &)
  tries=0
  while [ ! -e "$file" ] && [ $tries -lt 250 ]; do
    tries=$((tries + 1))
    sleep 0.02
  done
}

# Writes its own process id before it turns into the service, so that no service runs unnoticed.
become_service() {
  echo "$$ $(start_time $$)" >"$file.new"
  mv "$file.new" "$file"
  case $name in
    containerd) exec containerd ;;
    dockerd)
      rm -f /run/docker.pid # of a killed one: its id may belong to somebody else by now
      exec dockerd --containerd /run/containerd/containerd.sock ;;
    # The flags are those of the systemd unit that `drover agent install` writes.
    agent) exec node --max-semi-space-size=1 --max-old-space-size=192 --optimize-for-size /opt/drover/scripts/drover.mjs agent "$@" ;;
    *) echo "error: no service $name (BAD_USAGE)" >&2 && exit 2 ;;
  esac
}

# One line: the file may be edited while it runs.
main "$@"; exit
