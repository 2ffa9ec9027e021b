#!/usr/bin/env bash
# Prints the folder of the JavaScript programs that tests talk to, after installing what they need if this lock was not installed yet.
set -euo pipefail
cd "$(dirname "$0")/peers-js"
source ../cache.sh

sources=(package.json package-lock.json ./*.mjs ./*.ts tsconfig*.json)

make_peers_js() {
  # Some packages of Node.js bring npm along; Debian's does not.
  command -v npm >/dev/null || go -C ../localkube run ./cmd/localkube packages nodejs npm
  echo "installing npm packages (once per lock)"
  cp "${sources[@]}" "$1/"
  npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error
}

cached peers-js "$(cat "${sources[@]}" | digest)" make_peers_js
