# shellcheck shell=bash
# Runs test files with ava and counts. Sourced by scripts/test.

passed=0
failed=0

# ava reports in TAP, a form that can be counted; what the tests themselves print goes where it would.
run_ava() { # AVA-ARGUMENTS…
  local counts reader status=0
  counts=$(mktemp)
  exec 6> >(readable_tap 3>&1 >"$counts" 6>&-)
  reader=$!
  interruptible node_modules/.bin/ava --tap "$@" >&6 6>&- || status=$?
  exec 6>&-
  wait "$reader" || true
  count_run "$status" "$counts"
  rm -f "$counts"
}

# ava also fails for reasons that are no test.
count_run() { # STATUS FILE
  local ok=0 not_ok=0
  read -r ok not_ok <"$2" || true
  [ "$1" = 0 ] || [ "$not_ok" != 0 ] || not_ok=1
  count "$ok" "$not_ok"
}

count() { # PASSED FAILED
  passed=$((passed + $1))
  failed=$((failed + $2))
}

# To descriptor 3: a line a test, and the whole story of those that failed. To stdout: the counts.
readable_tap() {
  local line story='' ok=0 not_ok=0
  trap '' INT TERM # it ends with what it reads
  while IFS= read -r line; do
    case $line in
      *' # SKIP' | *' # TODO') story=''; printf '  - %s\n' "${line#* - }" ;;
      'ok '*) story=''; ok=$((ok + 1)); printf '  ✔ %s\n' "${line#* - }" ;;
      'not ok '*) story=yes; not_ok=$((not_ok + 1)); printf '  ✘ %s\n' "${line#* - }" ;;
      '#   '*) printf '    %s\n' "${line#\#   }" ;;
      '  '*) [ -z "$story" ] || printf '  %s\n' "$line" ;;
    esac
  done >&3
  echo "$ok $not_ok"
}
