#!/usr/bin/env bash
# Prints the folder of the programs that tests talk to, after building them if this version was not built yet (minutes when cold).
set -euo pipefail
cd "$(dirname "$0")/peers"

key=$( (go version; cat go.mod go.sum) | sha256sum | cut -c1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/realmkeeper/peers
folder=$cache/$key
[[ -d $folder ]] && echo "$folder" && exit

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # several may ask at once: one builds, the others wait
if [[ ! -d $folder ]]; then
  echo "building Dex from its Go module (once per version; minutes when cold)" >&2
  scratch=$(mktemp -d "$cache/.build-XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  CGO_ENABLED=0 GOFLAGS=-buildvcs=false go build -trimpath -gcflags=all=-dwarf=false -ldflags "-s -w" -o "$scratch/" github.com/dexidp/dex/cmd/dex >&2
  chmod 755 "$scratch"
  mv "$scratch" "$folder" # complete or not there at all
fi
echo "$folder"
