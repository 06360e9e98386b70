# What the machine itself needs, from its own package manager. Sourced.

# "command package" pairs: a package is wanted only if its command is missing.
OS_COMMANDS="mmdebstrap:mmdebstrap ip:iproute2 tc:iproute2 iptables:iptables unshare:util-linux
nsenter:util-linux flock:util-linux losetup:mount mkfs.ext4:e2fsprogs tar:tar sha256sum:coreutils"

missing_os_packages() {
  local pair
  for pair in $OS_COMMANDS; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || echo "${pair##*:}"
  done | sort -u
}

# Installs what is missing, and does nothing at all when nothing is.
ensure_os_packages() {
  local missing log
  missing=$(missing_os_packages)
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null ||
    { echo "error: please install: ${missing//$'\n'/ } (OS_PACKAGES_MISSING)" >&2; return 1; }
  echo "installing ${missing//$'\n'/ }"
  log=$(mktemp)
  # shellcheck disable=SC2086 # a list of words
  if ! { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends $missing; } \
    >"$log" 2>&1 </dev/null; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    echo "error: could not install ${missing//$'\n'/ } (OS_PACKAGES_FAILED)" >&2
    return 1
  fi
  rm -f "$log"
}
