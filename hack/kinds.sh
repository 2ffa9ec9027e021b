#!/usr/bin/env bash
# Prints the folder with the definitions of kinds that others bring to a cluster, each out of its project's Go module.
set -euo pipefail
source "$(dirname "$0")/cache.sh"

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

make_kinds() {
  local module source definition
  mkdir "$1/.module" # a module of its own, so that none of these gets into the project's
  for module in "${modules[@]}"; do
    source=$(cd "$1/.module" && echo "module kinds" > go.mod &&
      GOWORK=off GOFLAGS=-mod=mod go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    for definition in "${definitions[@]}"; do
      if [[ -f $source/$definition ]]; then install -m 644 "$source/$definition" "$1/"; fi
    done
  done
  rm -r "$1/.module"
  (( $(find "$1" -name '*.yaml' | wc -l) == ${#definitions[@]} )) || { echo "kinds: a definition is missing"; exit 1; }
}

cached kinds "$(digest < "$0")" make_kinds
