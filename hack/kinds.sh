#!/usr/bin/env bash
# Prints the folder with the definitions of kinds that others bring to a cluster, each out of its project's Go module.
set -euo pipefail

modules=(
  "sigs.k8s.io/gateway-api@v1.6.3"
  "github.com/cert-manager/cert-manager@v1.21.2"
  "github.com/prometheus-operator/prometheus-operator@v0.94.1"
)
definitions=(
  "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"
  "config/crd/standard/gateway.networking.k8s.io_backendtlspolicies.yaml"
  "deploy/crds/cert-manager.io_certificates.yaml"
  "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml"
  "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml"
)

key=$(sha256sum "$0" | cut -c1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/realmkeeper/kinds
folder=$cache/$key
[[ -d $folder ]] && echo "$folder" && exit

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # several may ask at once: one fetches, the others wait
if [[ ! -d $folder ]]; then
  scratch=$(mktemp -d "$cache/.fetch-XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  mkdir "$scratch/module" "$scratch/kinds"
  cd "$scratch/module" # a module of its own, so that none of these gets into the project's
  echo "module kinds" > go.mod
  for module in "${modules[@]}"; do
    source=$(GOWORK=off GOFLAGS=-mod=mod go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    for definition in "${definitions[@]}"; do
      if [[ -f $source/$definition ]]; then install -m 644 "$source/$definition" "$scratch/kinds/"; fi
    done
  done
  (( $(ls "$scratch/kinds" | wc -l) == ${#definitions[@]} )) || { echo "kinds: a definition is missing" >&2; exit 1; }
  mv "$scratch/kinds" "$folder" # complete or not there at all
fi
echo "$folder"
