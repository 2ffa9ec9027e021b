#!/usr/bin/env bash
# Prints the path of golangci-lint with the linter of Kubernetes APIs inside, after building it if this version was not
# built yet (minutes when cold). Its version is that of hack/lint/go.mod: a module of its own, because the linters must
# not decide which versions the tools are compiled with.
set -euo pipefail
cd "$(dirname "$0")/lint"
source ../cache.sh

name=golangci-lint-kube-api-linter

make_lint() {
  echo "building golangci-lint from its Go module (once per version; minutes when cold)"
  build "$1" "sigs.k8s.io/kube-api-linter/cmd/$name"
}

folder=$(cached lint "$( (go version; cat go.mod go.sum) | digest)" make_lint)
echo "$folder/$name"
