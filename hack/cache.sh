# Sourced by scripts that print a folder whose contents take long to make.
# shellcheck shell=bash

# cached NAME KEY MAKE prints the folder of NAME in the user's cache. When there is none for this KEY,
# MAKE is called with an empty folder to fill. Several may ask at once: one makes it, the others wait.
# Whoever is interrupted leaves nothing that looks complete.
cached() {
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}/realmkeeper/$1 make=$3
  local folder=$cache/$2
  if [[ ! -d $folder ]]; then
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock 9
    if [[ ! -d $folder ]]; then
      scratch=$(mktemp -d "$cache/.make-XXXXXX")
      trap 'rm -rf "$scratch"' EXIT
      "$make" "$scratch" >&2
      chmod 755 "$scratch"
      mv "$scratch" "$folder"
    fi
    exec 9>&-
  fi
  echo "$folder"
}

# digest is short enough for a folder's name, of what is read.
digest() { sha256sum | cut -c1-12; }

# build FOLDER PACKAGE builds a program into FOLDER with the flags of all programs of this project, so that all
# builds share one cache. By default the compiler spends a quarter of its time on collecting garbage.
build() {
  CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOGC=off GOMEMLIMIT=768MiB \
    go build -trimpath -gcflags=all=-dwarf=false -ldflags "-s -w" -o "$1/" "$2"
}
