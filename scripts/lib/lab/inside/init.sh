#!/bin/sh
# PID 1 of a lab node. Starts in new mount, PID, network, UTS and IPC namespaces, still looking at the machine's files;
# builds the node's own root file system, moves into it, and from then on only collects the dead.
# All mounts happen in this private mount namespace: they vanish with the node.
set -eu

# The machine's /proc is still mounted here, so it tells our process id as the machine sees it.
record_process() {
  read -r stat </proc/self/stat
  # shellcheck disable=SC2086 # a list of fields; the name in parentheses has no space
  set -- $stat
  pid=$1
  shift 2
  echo "$pid ${20}" >"$LAB_DIR/init.pid.new"
  mv "$LAB_DIR/init.pid.new" "$LAB_DIR/init.pid"
}

mount_root() {
  mount -t overlay -o "lowerdir=$LAB_ROOT,upperdir=$LAB_DIR/upper,workdir=$LAB_DIR/work" overlay "$new"
  mount -t proc proc "$new/proc"
  mount -t sysfs sysfs "$new/sys"
  mount -t tmpfs -o mode=755 tmpfs "$new/run"
  mount -t tmpfs -o mode=1777 tmpfs "$new/tmp"
}

# Never the machine's /dev: a few nodes of our own.
mount_dev() {
  mount -t tmpfs -o mode=755 tmpfs "$new/dev"
  for device in null zero full random urandom tty kmsg userfaultfd fuse; do
    [ -c "/dev/$device" ] || continue
    # shellcheck disable=SC2046 # major and minor number
    mknod -m 666 "$new/dev/$device" c $(stat -c '0x%t 0x%T' "/dev/$device")
  done
  mkdir "$new/dev/pts" "$new/dev/shm" "$new/dev/mqueue"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$new/dev/pts"
  mount -t tmpfs -o mode=1777 tmpfs "$new/dev/shm"
  mount -t mqueue mqueue "$new/dev/mqueue" 2>/dev/null || true
  ln -s pts/ptmx "$new/dev/ptmx"
  ln -s /proc/self/fd "$new/dev/fd"
  ln -s fd/0 "$new/dev/stdin"
  ln -s fd/1 "$new/dev/stdout"
  ln -s fd/2 "$new/dev/stderr"
}

# Version 1: every controller as the machine has it, without the version 2 tree beside them, which Docker does not need.
mount_cgroups() {
  if [ "$LAB_CGROUP_VERSION" = 2 ]; then
    mount --bind /sys/fs/cgroup "$new/sys/fs/cgroup"
    return
  fi
  mount -t tmpfs -o mode=755 tmpfs "$new/sys/fs/cgroup"
  for dir in /sys/fs/cgroup/*; do
    if [ -L "$dir" ]; then
      cp -P "$dir" "$new/sys/fs/cgroup/"
    elif [ "$(stat -fc %T "$dir")" = cgroupfs ]; then
      mkdir "$new$dir"
      mount --bind "$dir" "$new$dir"
    fi
  done
}

# Docker's data cannot lie on the overlay; the logs are to be read from the machine.
mount_data() {
  mkdir -p "$new/var/lib/docker" "$new/var/lib/containerd" "$new/var/lib/drover" "$new/var/log" "$new/opt/drover"
  mount --bind "$LAB_DIR/docker" "$new/var/lib/docker"
  mount --bind "$LAB_DIR/containerd" "$new/var/lib/containerd"
  mount --bind "$LAB_DIR/log" "$new/var/log"
  mount --bind "$LAB_PROJECT" "$new/opt/drover"
  mount -o remount,bind,ro "$new/opt/drover"
  # The agent runs on the machine's own Node.js, so that what is tested is what is used here.
  : >"$new/usr/local/bin/node"
  mount --bind "$LAB_NODEJS" "$new/usr/local/bin/node"
  mount -o remount,bind,ro "$new/usr/local/bin/node"
  # The loop device frees itself when this namespace goes.
  mount -o loop "$LAB_DIR/data.img" "$new/var/lib/drover" ||
    echo "no loop devices on this kernel: /var/lib/drover is not limited in size"
}

write_configuration() {
  hostname "$LAB_NODE"
  echo "$LAB_NODE" >"$new/etc/hostname"
  printf '%s\n' '127.0.0.1 localhost' "$LAB_ADDRESS $LAB_NODE" "$LAB_GATEWAY coordinator" >"$new/etc/hosts"
  echo "nameserver $LAB_GATEWAY" >"$new/etc/resolv.conf" # nobody answers there, and says so at once
  mkdir -p "$new/etc/docker"
  # `drover agent install` adds to this file; it stays as it is then.
  [ -s "$new/etc/docker/daemon.json" ] || cat >"$new/etc/docker/daemon.json" <<JSON
{
  "live-restore": true,
  "cgroup-parent": "$LAB_CGROUP",
  "storage-driver": "overlay2",
  "features": { "containerd-snapshotter": false }
}
JSON
}

enter_root() {
  mkdir -p "$new/.machine"
  cd "$new"
  pivot_root . .machine
  cd /
  umount -l /.machine
  rmdir /.machine
}

if [ "${1:-}" = reap ]; then
  mkdir -p /run/drover-lab
  : >/run/drover-lab/booted
  # `wait` also collects orphans that became children of PID 1.
  while :; do
    sleep 86400 &
    wait
  done
fi

new=$LAB_DIR/root
record_process
mount_root
mount_dev
mount_cgroups
mount_data
write_configuration
enter_root
# A fresh shell from the node's own files, which holds none of the machine's open.
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  sh /opt/drover/scripts/lib/lab/inside/init.sh reap
