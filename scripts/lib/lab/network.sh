# A bridge on the machine, and a cable (a veth pair) from it to each node.
# The nodes' network namespaces have no name in /run/netns: they live and die with the node's processes, so that
# nothing has to be mounted for them and nothing can be left behind.

ensure_bridge() {
  local other
  other=$(ip -o -4 address show to "$SUBNET.1/32" | awk '{ print $2 }')
  [ -z "$other" ] || [ "$other" = "$BRIDGE" ] ||
    fail "$SUBNET.1 already belongs to $other: set DROVER_LAB_SUBNET" LAB_SUBNET_IN_USE
  [ -d "/sys/class/net/$BRIDGE" ] || ip link add "$BRIDGE" type bridge forward_delay 0
  [ -n "$other" ] || ip -4 address flush dev "$BRIDGE" # of a killed `up` with another subnet
  [ -n "$other" ] || ip address add "$SUBNET.1/24" dev "$BRIDGE"
  ip link set "$BRIDGE" up
  ! bridge_is_filtered || firewall_rule -C 2>/dev/null || firewall_rule -I
}

# Where Docker runs on the machine itself, bridged packets pass its firewall, which forwards nothing by default. Only
# there the lab adds a rule, for packets that stay on its own bridge.
bridge_is_filtered() {
  [ "$(cat /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null)" = 1 ] &&
    [ "$(iptables -w -S FORWARD 2>/dev/null)" != '-P FORWARD ACCEPT' ]
}

firewall_rule() { # -C|-I|-D
  iptables -w "$1" FORWARD -i "$BRIDGE" -o "$BRIDGE" -j ACCEPT
}

in_network() { # PID COMMAND…
  local pid=$1
  shift
  nsenter -t "$pid" -n -- "$@"
}

# Plugs the cable in, if it is not.
connect_node() { # N PID
  local link pid=$2
  link=$(node_link "$1")
  if ! in_network "$pid" ip link show eth0 >/dev/null 2>&1; then
    ip link delete "$link" 2>/dev/null || true
    ip link add "$link" type veth peer name eth0 netns "$pid"
  fi
  ip link set "$link" master "$BRIDGE" up
  in_network "$pid" ip link set lo up
  in_network "$pid" ip address replace "$(node_address "$1")/24" dev eth0
  in_network "$pid" ip link set eth0 up
  in_network "$pid" ip route replace default via "$SUBNET.1"
}

# Both ends get the same token bucket: a symmetric link. The bucket holds 10 ms of traffic (one large segment at
# least); what waits longer than 50 ms is dropped, as in a small router.
shape_node() { # N PID
  local link
  link=$(node_link "$1")
  # shellcheck disable=SC2153 # LINK is a setting
  shape "$LINK" "$link"
  shape "$LINK" eth0 "$2"
}

shape() { # RATE DEVICE [PID]
  local burst
  local -a tc=(tc)
  [ -z "${3:-}" ] || tc=(nsenter -t "$3" -n -- tc)
  if [ "$1" = none ]; then
    "${tc[@]}" qdisc delete dev "$2" root 2>/dev/null || true # fails where there is none
    return 0
  fi
  burst=$(($(bits_of "$1") / 8 / 100))
  "${tc[@]}" qdisc replace dev "$2" root tbf rate "$1" burst $((burst > 65536 ? burst : 65536)) latency 50ms ||
    fail "cannot shape $2 to $1" LINK_SHAPING_FAILED
}

bits_of() { # 100mbit
  local n=${1%bit}
  case $n in
    *k) echo $((${n%k} * 1000)) ;;
    *m) echo $((${n%m} * 1000000)) ;;
    *g) echo $((${n%g} * 1000000000)) ;;
    *) echo "$n" ;;
  esac
}

link_state() { # N: up, cut or absent
  local flags
  flags=$(cat "/sys/class/net/$(node_link "$1")/flags" 2>/dev/null) || { echo absent; return; }
  if ((flags & 1)); then echo up; else echo cut; fi
}

remove_network() {
  local link
  for link in /sys/class/net/dv-"$KEY"-*; do
    [[ ${link##*/} =~ ^dv-$KEY-[0-9]+$ ]] || continue
    ip link delete "${link##*/}" 2>/dev/null || true # it may be vanishing with its namespace
  done
  ip link delete "$BRIDGE" 2>/dev/null || true
  while bridge_is_filtered && firewall_rule -D 2>/dev/null; do :; done
}
