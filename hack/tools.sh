#!/usr/bin/env bash
# Prints the path of a development tool, after building it if this version was not built yet (a minute when cold).
# The tools and their versions are those of hack/tools/go.mod; crdgen is our own.
set -euo pipefail
cd "$(dirname "$0")/tools"
source ../cache.sh

name=${1:?usage: hack/tools.sh NAME}

make_tool() {
  local package
  package=$(go list tool | grep -E "/$name(/v[0-9]+)?\$") || { echo "hack/tools/go.mod has no tool $name"; exit 1; }
  echo "building $name from its Go module (once per version)"
  build "$1" "$package"
}

folder=$(cached tools "$name-$( (go version; cat go.mod go.sum; if [[ -d $name ]]; then cat "$name"/*.go; fi) | digest)" make_tool)
echo "$folder/$name"
