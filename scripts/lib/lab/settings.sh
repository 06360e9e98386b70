# shellcheck shell=bash disable=SC2034 # what is set here is used by the other parts
# Names and places of a lab, all derived from its name and subnet, so that labs stand side by side.

LAB=${DROVER_LAB:-lab}
[[ $LAB =~ ^[a-z0-9][a-z0-9-]{0,31}$ ]] ||
  bad_usage "DROVER_LAB must be 1 to 32 lower case letters, digits and dashes"

CACHE=${DROVER_CACHE:-/var/cache/drover}
STATE_BASE=${DROVER_LAB_STATE:-/var/lib/drover-lab}
STATE=$STATE_BASE/$LAB
CGROUP=/drover/$LAB # below every controller's mount point
MAX_NODES=99

# Interface names have at most 15 characters: a long lab name becomes its beginning and a hash.
lab_key() {
  local hash
  if [ ${#LAB} -le 8 ]; then echo "$LAB"; return; fi
  hash=$(printf %s "$LAB" | sha256sum)
  echo "${LAB:0:3}${hash:0:5}"
}
KEY=$(lab_key)
BRIDGE=db-$KEY

# What the last `up` was told. A command that finds no such file falls back to the defaults.
NODES=3 MEMORY=512M LINK=none SUBNET=${DROVER_LAB_SUBNET:-10.88.0} BARE=${DROVER_LAB_BARE:-}
load_settings() {
  local key value
  [ -f "$STATE/settings" ] || return 0
  while IFS='=' read -r key value; do
    case $key in
      NODES | MEMORY | LINK | SUBNET) printf -v "$key" %s "$value" ;;
    esac
  done <"$STATE/settings"
  if [ -n "${DROVER_LAB_SUBNET:-}" ] && [ "$DROVER_LAB_SUBNET" != "$SUBNET" ]; then
    fail "lab $LAB is on $SUBNET.0/24, not on $DROVER_LAB_SUBNET.0/24: take it down first" LAB_SUBNET_DIFFERS
  fi
}

save_settings() {
  printf '%s\n' "NODES=$NODES" "MEMORY=$MEMORY" "LINK=$LINK" "SUBNET=$SUBNET" >"$STATE/settings.new"
  mv "$STATE/settings.new" "$STATE/settings"
}

check_settings() {
  [[ $NODES =~ ^[1-9][0-9]?$ ]] || bad_usage "--nodes takes a number from 1 to $MAX_NODES"
  [[ $MEMORY =~ ^[1-9][0-9]*[KMG]?$ ]] || bad_usage "--memory takes a size such as 512M or 2G"
  [[ ${DROVER_LAB_DISK:-4G} =~ ^[1-9][0-9]*[KMG]?$ ]] || bad_usage "DROVER_LAB_DISK takes a size such as 4G"
  [[ $LINK = none || $LINK =~ ^[1-9][0-9]{0,8}[kmg]?bit$ ]] ||
    bad_usage "--link takes a rate such as 100mbit, or none"
  [[ $SUBNET =~ ^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$ ]] ||
    bad_usage "DROVER_LAB_SUBNET takes three numbers such as 10.88.0"
}

bytes_of() { # 512M
  local n=${1%[KMG]}
  case $1 in
    *K) echo $((n << 10)) ;;
    *M) echo $((n << 20)) ;;
    *G) echo $((n << 30)) ;;
    *) echo "$n" ;;
  esac
}

node_dir() { echo "$STATE/edge-$1"; }
node_address() { echo "$SUBNET.$((10 + $1))"; }
node_link() { echo "dv-$KEY-$1"; } # the machine's end of the node's cable

# "edge-2" → 2
node_number() {
  [[ ${1:-} =~ ^edge-([1-9][0-9]?)$ ]] || bad_usage "\"${1:-}\" is no node: they are called edge-1, edge-2, …"
  echo "${BASH_REMATCH[1]}"
}

# The nodes that have ever been started, as numbers in order.
known_nodes() {
  local dir
  for dir in "$STATE"/edge-*/; do
    [[ $dir =~ /edge-([1-9][0-9]?)/$ ]] && echo "${BASH_REMATCH[1]}"
  done | sort -n
}
