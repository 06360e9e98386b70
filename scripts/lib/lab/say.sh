# What the lab says: one calm line a step, errors as `error: SENTENCE (CODE)`.

say() { printf '%s\n' "$*"; }

fail() { # SENTENCE CODE
  printf 'error: %s (%s)\n' "$1" "$2" >&2
  exit 1
}

bad_usage() {
  printf 'error: %s (BAD_USAGE)\n' "$1" >&2
  exit 2
}

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

seconds_since() { # START_MS
  local ms=$(($(now_ms) - $1))
  printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
}

# Tries a command until it succeeds, at most SECONDS long.
wait_until() { # SECONDS COMMAND…
  local end=$(($(now_ms) + $1 * 1000))
  shift
  until "$@"; do
    [ "$(now_ms)" -lt "$end" ] || return 1
    sleep 0.05
  done
}

# The same for something that a process brings about: gives up as soon as ALIVE fails.
wait_while_alive() { # SECONDS ALIVE READY N
  local end=$(($(now_ms) + $1 * 1000))
  until "$3" "$4"; do
    "$2" "$4" || return 1
    [ "$(now_ms)" -lt "$end" ] || return 1
    sleep 0.05
  done
}

require_root() { [ "$(id -u)" = 0 ] || fail "the lab makes namespaces and mounts: run it as root" NOT_ROOT; }
