# Deleting directories that file systems may be mounted in is how a machine loses its /dev. So:

mounts_below() { # DIR
  awk -v dir="$1" '
    { gsub(/\\040/, " ", $2) }
    $2 == dir || index($2, dir "/") == 1 { print $2 }' /proc/self/mounts
}

# Removes a directory tree, unless something is mounted in it; never crosses into another file system.
safe_remove() { # DIR
  local dir found
  [ -e "$1" ] || return 0
  dir=$(realpath -e -- "$1")
  [[ $dir == /*/*/* ]] || fail "$dir is too close to the root directory to be deleted" UNSAFE_REMOVE
  found=$(mounts_below "$dir")
  [ -z "$found" ] || fail "will not delete $dir: something is mounted at ${found%%$'\n'*}" UNSAFE_REMOVE
  rm -rf --one-file-system -- "$dir"
}
