# shellcheck shell=bash
# What scripts/demo, test and bench need before they can start, made from nothing on a fresh Debian that has Node.js
# and npm. Sourced. Each step looks first; it says a line only when it has really done something.

PROJECT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
# shellcheck source=scripts/lib/lab/say.sh
source "$PROJECT/scripts/lib/lab/say.sh"
# shellcheck source=scripts/lib/os-packages.sh
source "$PROJECT/scripts/lib/os-packages.sh"
cd "$PROJECT" || exit

SOURCES=(proto coordinator node-agent test scripts)

# Everything that needs no root: modules and build. One at a time; the lock is on a file that is there anyway.
set_up() {
  require_node
  exec 7<package.json
  flock -n 7 || { say "waiting for another set-up to finish" >&2; flock 7; }
  set_up_modules
  set_up_build
  exec 7<&-
}

# And what only the lab needs.
set_up_lab() {
  require_root
  set_up_packages
  # It prints where the root is, too, which nobody wants to know here.
  { scripts/lab root </dev/null | { grep -v '^/' || true; }; } >&2
}

require_node() {
  { command -v node && command -v npm; } >/dev/null ||
    fail "please install Node.js 20.19 or newer, with npm" NODE_MISSING
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    fail "Drover needs Node.js 20.19 or newer, and this is $(node --version)" NODE_TOO_OLD
}

set_up_packages() {
  local start missing
  missing=$(missing_os_packages)
  [ -n "$missing" ] || return 0
  start=$(now_ms)
  ensure_os_packages >/dev/null || exit 1
  done_in "$start" "installed ${missing//$'\n'/, }"
}

# A copy of the lock file stands for what is installed. npm's own noise is shown only when it fails.
set_up_modules() {
  local stamp=node_modules/.drover-package-lock.json start log
  ! cmp -s package-lock.json "$stamp" || return 0
  start=$(now_ms)
  log=$(mktemp)
  if ! npm ci --include=dev --include=optional >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail "npm could not install what package-lock.json names" MODULES_FAILED
  fi
  rm -f "$log"
  cp package-lock.json "$stamp"
  done_in "$start" "installed node modules"
}

set_up_build() {
  local start
  build_is_stale || return 0
  start=$(now_ms)
  mkdir -p dist
  build_inputs >dist/.inputs.new # keeps the time of before the build: what changes during it counts as newer
  remove_stale_outputs
  node_modules/.bin/tsc -p . >&2 || fail "the TypeScript sources do not compile" BUILD_FAILED
  mv dist/.inputs.new dist/.inputs
  done_in "$start" "built"
}

build_inputs() { find "${SOURCES[@]}" -name '*.ts' | LC_ALL=C sort; }

build_is_stale() {
  [ -e dist/.inputs ] && build_inputs | cmp -s - dist/.inputs || return 0
  [ -n "$(find "${SOURCES[@]}" tsconfig.json package-lock.json \( -name '*.ts' -o -name '*.json' \) -newer dist/.inputs -print -quit)" ]
}

# What a deleted source has left would go on being tested and imported.
remove_stale_outputs() {
  local output source
  while IFS= read -r output; do
    source=${output%.map}
    [ -e "${source%.js}.ts" ] || rm -f "dist/$output"
  done < <(find dist -name '*.js' -printf '%P\n' -o -name '*.js.map' -printf '%P\n')
}

done_in() { say "$2 ($(seconds_since "$1"))" >&2; } # START_MS WHAT
