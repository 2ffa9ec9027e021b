#!/usr/bin/env bash
# Prints the folder of oauth2-proxy, after building it if this version was not built yet. A module of
# its own: it must not decide which versions the other peers are compiled with.
set -euo pipefail
cd "$(dirname "$0")/oauth2-proxy"
source ../cache.sh

make_oauth2_proxy() {
  echo "building oauth2-proxy from its Go module (once per version)"
  build "$1" github.com/oauth2-proxy/oauth2-proxy/v7
}

cached oauth2-proxy "$( (go version; cat go.mod go.sum) | digest)" make_oauth2_proxy
