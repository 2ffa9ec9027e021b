#!/usr/bin/env bash
# Prints the folder of the applications made with Go libraries of other people's, after building them if they were not built yet.
set -euo pipefail
cd "$(dirname "$0")/peers-go"
source ../cache.sh

make_peers_go() {
  echo "building the applications of hack/peers-go (once per version)"
  build "$1" ./...
}

cached peers-go "$( (go version; cat go.mod go.sum ./*/*.go) | digest)" make_peers_go
