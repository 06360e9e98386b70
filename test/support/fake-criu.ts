import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

// `runc checkpoint` with CRIU in it, as far as the two are seen from outside: the action script is called before and after
// the dump, the images appear between, and the log says what went wrong. The file "behaviour" beside criu.conf has it fail.
const script = `#!/bin/sh
control=\${CRIU_CONFIG_FILE%/*}
printf '%s\\n' "$@" >"$control/arguments"
while [ $# -gt 1 ]; do
  case $1 in
    --image-path) images=$2 ;;
    --work-path) work=$2 ;;
  esac
  shift
done
behaviour=$(cat "$control/behaviour" 2>/dev/null)
fail() {
  printf '(00.1) Warn  (criu/x.c:1): odd\\n(00.2) Error (criu/files.c:7): %s\\n(00.3) Error (criu/dump.c:9): Dumping FAILED.\\n' "$1" >"$work/dump.log"
  echo "criu failed: type NOTIFY errno 0" >&2
  exit 1
}
hook() { CRTOOLS_SCRIPT_ACTION=$1 "$(sed -n 's/^action-script //p' "$CRIU_CONFIG_FILE")"; }
[ "$behaviour" != fails-at-once ] || fail 'no such container'
hook pre-dump || fail 'the script before the dump gave up'
[ "$behaviour" != fails-dumping ] || fail "Can't dump io_uring"
[ "$behaviour" != slow ] || { : >"$control/dumping"; sleep 0.3; }
head -c 700000 /dev/zero >"$images/pages-1.img"
echo core >"$images/core-1.img"
hook post-dump || exit 1
`;

/** Puts a `runc` that only pretends in front of this process's PATH. */
export async function installFakeCriu(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'runc'), script, { mode: 0o755 });
  process.env.PATH = `${directory}${delimiter}${process.env.PATH}`;
}

/** What `runc` was called with, by the control directory of its dump. */
export async function runcArguments(control: string): Promise<string[]> {
  return (await readFile(join(control, 'arguments'), 'utf8')).trimEnd().split('\n');
}
