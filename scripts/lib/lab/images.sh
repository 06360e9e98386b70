# The lab's images, made without a registry from the nodes' root file system and scripts/images. They are built once,
# in the first node, and saved; every node loads the same file, so that an image has the same id everywhere.

IMAGES="drover/fn-node drover/fn-python drover/counter"

images_archive() {
  local hash
  hash=$({ root_path; declare -f copy_files copy_trees copy_program image_root import_image
    declare -f fill_fn_node fill_fn_python fill_counter build_images
    cd "$PROJECT/scripts/images" && find . -type f -print0 | sort -z | xargs -0 cat; } | sha256sum)
  echo "$CACHE/images-${hash:0:12}.tar"
}

# Copies files of the nodes' root into an image's root, keeping their places; libraries are named by ldd.
copy_files() { # DIR PATH…
  local dir=$1
  shift
  (cd "$ROOT" && cp -aL --parents "${@#/}" "$dir")
}

copy_trees() { # DIR PATH…
  local dir=$1
  shift
  (cd "$ROOT" && cp -a --parents "${@#/}" "$dir")
}

copy_program() { # DIR PROGRAM…
  local dir=$1 library
  shift
  copy_files "$dir" "$@"
  while IFS= read -r library; do
    copy_files "$dir" "$library"
  done < <(chroot "$ROOT" ldd "$@" | grep -oE '/[^ ]+' | grep -v ':$' | sort -u)
}

# An empty root with the merged /usr of the nodes.
image_root() { # DIR
  mkdir -p "$1"/{usr/bin,usr/sbin,usr/lib,usr/lib64,etc,tmp,proc,sys,dev,run,app}
  chmod 1777 "$1/tmp"
  ln -s usr/bin usr/sbin usr/lib usr/lib64 "$1/"
  echo 'root:x:0:0:root:/:/bin/sh' >"$1/etc/passwd"
}

fill_fn_node() { # DIR
  copy_program "$1" /usr/bin/node
  copy_trees "$1" /usr/share/nodejs/undici /usr/share/nodejs/acorn /usr/share/nodejs/acorn-walk /usr/share/nodejs/minimatch
  cp "$PROJECT/scripts/images/fn-node/server.js" "$1/app/"
}

fill_fn_python() { # DIR
  local python
  python=$(readlink "$ROOT/usr/bin/python3") # python3.N
  copy_program "$1" "/usr/bin/$python"
  copy_trees "$1" "/usr/lib/$python"
  rm -rf "$1/usr/lib/$python"/{test,ensurepip,idlelib,tkinter,lib2to3,pydoc_data,config-*,sitecustomize.py}
  find "$1/usr/lib/$python" -name __pycache__ -prune -exec rm -rf {} +
  ln -s "$python" "$1/usr/bin/python3"
  cp "$PROJECT/scripts/images/fn-python/function.py" "$1/app/"
}

fill_counter() { # DIR
  local applet applets
  copy_files "$1" /usr/bin/busybox
  applets=$(chroot "$ROOT" busybox --list)
  for applet in sh sleep usleep echo cat ls ps kill date head tail touch mkdir rm grep wget nc vi dd sync wc; do
    [[ $'\n'$applets$'\n' != *$'\n'$applet$'\n'* ]] || ln -s busybox "$1/usr/bin/$applet"
  done
  cp "$PROJECT/scripts/images/counter/count.sh" "$1/app/"
}

import_image() { # N NAME DIR CHANGE…
  local n=$1 name=$2 dir=$3 change
  local -a changes=()
  shift 3
  for change in 'ENV PATH=/usr/bin:/usr/sbin' 'WORKDIR /app' "$@"; do changes+=(--change "$change"); done
  tar -C "$dir" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -c . |
    enter_node "$n" docker import "${changes[@]}" - "$name:latest" >/dev/null
}

# Builds the archive in a node that is up; the name ending in .building is what an interrupted build leaves.
build_images() { # N ARCHIVE
  local start dir=$2.building kind old
  start=$(now_ms)
  for old in "$CACHE"/images-*.building; do safe_remove "$old"; done
  for kind in fn_node fn_python counter; do
    image_root "$dir/$kind"
    "fill_$kind" "$dir/$kind"
  done
  import_image "$1" drover/fn-node "$dir/fn_node" 'EXPOSE 8080' 'CMD ["node", "/app/server.js"]'
  import_image "$1" drover/fn-python "$dir/fn_python" 'EXPOSE 8080' 'ENV PYTHONDONTWRITEBYTECODE=1' \
    'CMD ["python3", "-u", "/app/function.py"]'
  import_image "$1" drover/counter "$dir/counter" 'CMD ["sh", "/app/count.sh"]'
  # shellcheck disable=SC2086 # a list
  enter_node "$1" docker save $IMAGES >"$dir/images.tar"
  image_ids "$1" >"$2.ids"
  mv "$dir/images.tar" "$2"
  safe_remove "$dir"
  say "images built in $(seconds_since "$start")"
}

image_ids() { # N
  # shellcheck disable=SC2086 # a list
  enter_node "$1" docker image inspect -f '{{.Id}}' $IMAGES 2>/dev/null
}

load_images() { # N ARCHIVE
  [ "$(image_ids "$1" || true)" = "$(cat "$2.ids")" ] || enter_node "$1" docker load -q <"$2" >/dev/null
}

ensure_images() { # N…
  local archive
  archive=$(images_archive)
  (
    flock -w 600 8 || fail "another build of the images takes more than ten minutes" IMAGES_BUSY
    [ -s "$archive" ] || build_images "$1" "$archive"
  ) 8>"$CACHE/.images.lock" # given back at once: loading needs no lock
  in_parallel "load images" "$archive" load_images "$@"
}

command_images() {
  local -a nodes
  require_root
  load_settings
  take_lock
  ensure_root
  mapfile -t nodes < <(known_nodes)
  [ ${#nodes[@]} -gt 0 ] || fail "lab $LAB is not up" LAB_DOWN
  ensure_images "${nodes[@]}"
  say "images in ${#nodes[@]} nodes: $IMAGES"
}
