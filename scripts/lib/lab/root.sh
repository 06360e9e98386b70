# The root file system of the nodes: Debian packages, the same that a device would have. Built once, cached under a
# name that holds the hash of its recipe, and from then on only read (each node writes into a layer of its own).

ROOT_SUITE=forky # Docker, runc and CRIU recent enough for the kernels in use
ROOT_PACKAGES=criu,docker.io,docker-cli,runc,containerd,iptables,iproute2,ca-certificates,busybox-static,nodejs,python3-minimal

# The mirror that the machine itself uses.
package_mirror() {
  local found=${DROVER_LAB_MIRROR:-}
  [ -z "$found" ] || { echo "$found"; return; }
  found=$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -nE 's/^URIs:[[:space:]]*([^[:space:]]+).*/\1/p; s/^deb[[:space:]]+(\[[^]]*\][[:space:]]*)?([^[:space:]]+).*/\2/p' |
    grep -E '/debian/?$' || true)
  [ -n "$found" ] || fail "found no Debian mirror in the machine's apt sources: name one in DROVER_LAB_MIRROR" NO_MIRROR
  echo "${found%%$'\n'*}"
}

# The snapshot of a mirror may be older than its signature allows, hence Check-Valid-Until.
make_root() { # DIR MIRROR
  unshare -m --propagation private mmdebstrap --variant=minbase --mode=root \
    --aptopt='Acquire::Check-Valid-Until "false"' \
    --include="$ROOT_PACKAGES" "$ROOT_SUITE" "$1" "$2" &&
    rm -f "$1/etc/resolv.conf" "$1/etc/hostname" &&
    chroot "$1" sh -c 'criu --version && dockerd --version && containerd --version && node --version' >/dev/null
}

root_path() {
  local hash
  hash=$({ echo "$ROOT_SUITE $ROOT_PACKAGES"; declare -f make_root; } | sha256sum)
  echo "$CACHE/root-${hash:0:12}"
}

# Sets ROOT. What an interrupted build has left is named *.building, and goes first.
ensure_root() {
  ROOT=$(root_path)
  [ ! -d "$ROOT" ] || return 0
  mkdir -p "$CACHE"
  (
    flock -w 600 8 || fail "another build of the root file system takes more than ten minutes" ROOT_BUSY
    [ ! -d "$ROOT" ] || exit 0
    build_root
  ) 8>"$CACHE/.root.lock"
}

build_root() {
  local start mirror partial
  start=$(now_ms)
  mirror=$(package_mirror)
  for partial in "$CACHE"/root-*.building; do safe_remove "$partial"; done
  say "building the nodes' root file system (once, half a minute)"
  if ! make_root "$ROOT.building" "$mirror" >"$CACHE/root.log" 2>&1 </dev/null; then
    tail -n 15 "$CACHE/root.log" >&2
    fail "could not build the root file system; the whole log is $CACHE/root.log" ROOT_BUILD_FAILED
  fi
  mv "$ROOT.building" "$ROOT"
  say "root file system built in $(seconds_since "$start")"
}

command_root() {
  [ $# = 0 ] || bad_usage "root takes no arguments"
  require_root
  ensure_os_packages
  ensure_root
  say "$ROOT"
}
