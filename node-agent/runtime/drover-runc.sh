#!/bin/sh
# drover-runc: an OCI runtime that is runc, except for a container for which the agent left a restore ticket.
# With a ticket, `create` restores the container from a checkpoint with its tasks stopped, and `start` waits for the
# agent's word before it sets them going. Everything else is handed to runc unread.
#
# A ticket is a directory RESTORE_DIR/CONTAINER_ID, which only root can make. It holds
#   images/      the checkpoint's CRIU images, complete when the word "go" is "restore"
#   work/        where CRIU writes restore.log
#   criu.conf    options that CRIU reads, with criu-hold as its action script
#   deadline     seconds that `create` waits for "go"
#   events       FIFO to the agent; state holds the last event: waiting, restored, failed, running, aborted
# and words. A word NAME is a file, written whole, and a FIFO NAME.wake that is written after it, so that a word is
# heard by who waits and found by who comes late:
#   go           agent to create: "restore" or "abort"
#   init         criu-hold to create: pid of the restored init, as soon as its namespaces exist; or "failed"
#   network      start to criu-hold: the engine has set up the network
#   status       restore to start: exit status of `runc restore`
#   verdict      agent to start: "run" or "abort"
#
# INVARIANTS: tasks leave the stopped state only after "run" was read. `start` has no deadline of its own: once
# "restored" was reported the cluster may have committed to this copy, so only the agent may end the wait.

RUNC=${DROVER_RUNC:-runc}
RESTORE_DIR=${DROVER_RESTORE_DIR:-/run/drover/restore}

# Sets command, id, bundle, pid_file, log, and globals (runc's global flags, quoted for eval).
parse() {
  command='' id='' bundle=. pid_file='' log='' globals='' expect=''
  for arg; do
    if [ -n "$expect" ]; then
      case $expect in
        --bundle | -b) bundle=$arg ;;
        --pid-file) pid_file=$arg ;;
        --log) log=$arg ;;
      esac
      [ -n "$command" ] || globals="$globals $(quote "$arg")"
      expect=''
      continue
    fi
    case $arg in
      --bundle=*) bundle=${arg#*=} ;;
      --pid-file=*) pid_file=${arg#*=} ;;
      --log=*) log=${arg#*=} ;;
      --root | --log | --log-format | --criu | --rootless | --bundle | -b | --pid-file | --console-socket | --preserve-fds) expect=$arg ;;
      -*) ;;
      *) if [ -z "$command" ]; then command=$arg; else id=$arg; fi; continue ;;
    esac
    [ -n "$command" ] || globals="$globals $(quote "$arg")"
  done
}

quote() {
  printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"
}

# say NAME WORD. A FIFO opened for both directions never blocks, so nobody has to be listening.
say() {
  printf '%s\n' "$2" >"$ticket/$1.new" && mv "$ticket/$1.new" "$ticket/$1"
  printf '\n' 1<>"$ticket/$1.wake"
}

# hear NAME: waits for the word and sets $word.
hear() {
  exec 4<>"$ticket/$1.wake"
  while [ ! -e "$ticket/$1" ]; do
    read -r _ <&4
  done
  exec 4<&-
  read -r word <"$ticket/$1"
}

report() {
  printf '%s\n' "$1" >"$ticket/state.new" && mv "$ticket/state.new" "$ticket/state"
  printf '%s\n' "$1" 1<>"$ticket/events"
}

# Docker shows the last line of runc's JSON log as the reason of a failure.
fail() {
  report failed
  [ -z "$log" ] || printf '{"level":"error","msg":"drover-runc: %s"}\n' "$1" >>"$log"
  echo "drover-runc: $1" >&2
  exit 1
}

create() {
  report waiting
  hear_go
  [ "$word" = restore ] || fail 'the agent gave up before the checkpoint was complete'
  resolve_init
  # An asynchronous list would lose its standard input, which belongs to the container.
  exec 3<&0
  restore <&3 3<&- &
  exec 3<&-
  hear init
  [ "$word" != failed ] || fail 'the checkpoint could not be restored; see restore.log in the ticket'
  [ -z "$pid_file" ] || printf %s "$word" >"$pid_file"
}

# Debian's docker-init (for --init) is a symbolic link, which CRIU would mount as such and then find broken.
resolve_init() {
  source=$(grep -o '"source":"[^"]*/docker-init"' "$bundle/config.json" | cut -d '"' -f 4 | head -n 1)
  [ -h "$source" ] || return 0
  sed -i "s#\"source\":\"$source\"#\"source\":\"$(readlink -f "$source")\"#" "$bundle/config.json"
}

# Giving up on a missing agent is safe here: nothing can have been committed before the restore.
hear_go() {
  read -r deadline <"$ticket/deadline"
  timeout "$deadline" sh -c 'exec 4<>"$1.wake"; while [ ! -e "$1" ]; do read -r _ <&4; done' sh "$ticket/go"
  word=abort
  [ ! -e "$ticket/go" ] || read -r word <"$ticket/go"
}

restore() {
  export CRIU_CONFIG_FILE="$ticket/criu.conf"
  eval "\"\$RUNC\" $globals restore --detach --no-subreaper --bundle \"\$bundle\" --pid-file \"\$ticket/runc.pid\"" \
    '--image-path "$ticket/images" --work-path "$ticket/work" --tcp-established' \
    '--manage-cgroups-mode ignore --empty-ns network "$id"'
  status=$?
  [ "$status" = 0 ] || [ -e "$ticket/init" ] || say init failed
  say status "$status"
}

start() {
  say network up
  hear status
  [ "$word" = 0 ] || fail 'the checkpoint could not be restored; see restore.log in the ticket'
  report restored
  hear verdict
  if [ "$word" != run ]; then
    report aborted
    exit 1
  fi
  resume
  report running
}

# Sets every task of the container going. Its cgroup lists them all, children of children too.
resume() {
  read -r pid <"$ticket/init"
  procs=$(cgroup_procs "$pid")
  if [ -z "$procs" ]; then
    eval "\"\$RUNC\" $globals kill -a \"\$id\" CONT"
    return
  fi
  while read -r task; do
    kill -CONT "$task" 2>/dev/null
  done <"$procs"
}

cgroup_procs() {
  found=''
  while IFS=: read -r _ controllers path; do
    case $controllers in
      '') [ -n "$found" ] || found=/sys/fs/cgroup$path/cgroup.procs ;;
      devices) found=/sys/fs/cgroup/devices$path/cgroup.procs ;;
    esac
  done <"/proc/$1/cgroup"
  [ -r "$found" ] && printf %s "$found"
}

parse "$@"
ticket=$RESTORE_DIR/$id
case $id in
  '' | */* | .*) exec "$RUNC" "$@" ;;
esac
[ -d "$ticket" ] || exec "$RUNC" "$@"
case $command in
  create | start) "$command" ;;
  *) exec "$RUNC" "$@" ;;
esac
