#!/usr/bin/env bash
# Proves the promises on a real cluster. Uses the cluster of `make up` if it runs, and leaves it running;
# else starts one and removes it afterwards, whatever happens.
set -euo pipefail
cd "$(dirname "$0")/.."

localkube() { go -C hack/localkube run ./cmd/localkube "$@" --root "$PWD"; }

if [[ ! -e .localkube/kubeconfig ]]; then
  trap 'localkube down' EXIT
fi
localkube up

export KUBECONFIG=$PWD/.localkube/kubeconfig PATH=$PWD/.localkube/bin:$PATH
export AUTHENTICATION_CONFIG=$PWD/.localkube/config/authentication.yaml # the API server's
go test -tags e2e -count 1 -timeout 25m -v ./test/e2e/
