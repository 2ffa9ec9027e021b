#!/usr/bin/env bash
# Prints the folder of the programs that tests talk to, after building them if this version was not built yet (minutes when cold).
set -euo pipefail
cd "$(dirname "$0")/peers"
source ../cache.sh

make_peers() {
  echo "building Dex from its Go module (once per version; minutes when cold)"
  build "$1" github.com/dexidp/dex/cmd/dex
}

cached peers "$( (go version; cat go.mod go.sum) | digest)" make_peers
