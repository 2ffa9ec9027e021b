#!/usr/bin/env bash
# Prints the folder of the JavaScript programs that tests talk to, after installing what they need if this lock was not installed yet.
set -euo pipefail
cd "$(dirname "$0")/peers-js"

key=$(cat package.json package-lock.json ./*.mjs ./*.ts tsconfig*.json | sha256sum | cut -c1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/realmkeeper/peers-js
folder=$cache/$key
[[ -d $folder ]] && echo "$folder" && exit

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # several may ask at once: one installs, the others wait
if [[ ! -d $folder ]]; then
  # Some packages of Node.js bring npm along; Debian's does not.
  command -v npm >/dev/null || go -C ../localkube run ./cmd/localkube packages nodejs npm >&2
  echo "installing npm packages (once per lock)" >&2
  scratch=$(mktemp -d "$cache/.install-XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  cp package.json package-lock.json ./*.mjs ./*.ts tsconfig*.json "$scratch/"
  npm ci --prefix "$scratch" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  chmod 755 "$scratch"
  mv "$scratch" "$folder" # complete or not there at all
fi
echo "$folder"
