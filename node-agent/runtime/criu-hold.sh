#!/bin/sh
# criu-hold: CRIU's action script on both sides of a hand-over. It is called through a link in the control directory
# of one dump or one restore, and speaks with the agent or the shim through the words there (see drover-runc).
#
# pre-dump (source): runc and CRIU are up and have touched nothing. The agent is told, freezes the tasks and says "go"; so
# that the start of two programs is no part of the silence. "abort" ends CRIU.
#
# post-dump (source): the images are complete and the tasks frozen. Exit 0 lets CRIU kill them, anything else thaws
# them. The script waits for the verdict without a deadline: only the agent knows what the cluster decided.
#
# post-setup-namespaces (target): init and its network namespace exist, its memory does not yet. The engine is told now,
# so that it sets up the network while CRIU restores the rest. Where sockets need an address that only the engine's
# network brings, the file network-first makes CRIU wait for it.

dir=${0%/*}

say() {
  printf '%s\n' "$2" >"$dir/$1.new" && mv "$dir/$1.new" "$dir/$1"
  printf '\n' 1<>"$dir/$1.wake"
}

hear() {
  exec 4<>"$dir/$1.wake"
  while [ ! -e "$dir/$1" ]; do
    read -r _ <&4
  done
  exec 4<&-
  read -r word <"$dir/$1"
}

report() {
  printf '%s\n' "$1" >"$dir/state.new" && mv "$dir/state.new" "$dir/state"
  printf '%s\n' "$1" 1<>"$dir/events"
}

case $CRTOOLS_SCRIPT_ACTION in
  pre-dump)
    report ready
    hear freeze
    [ "$word" = go ]
    ;;
  post-dump)
    report dumped
    hear verdict
    [ "$word" = release ]
    ;;
  post-setup-namespaces)
    say init "$CRTOOLS_INIT_PID"
    [ ! -e "$dir/network-first" ] || hear network
    ;;
esac
