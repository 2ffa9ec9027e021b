#!/usr/bin/env bash
# Runs every test that needs no cluster.
#   hack/test.sh       without the race detector, which doubles the work and shares nothing with what `make up` has compiled
#   hack/test.sh race  with it, and the operator with some realms
#   hack/test.sh full  with it, all repetitions of what is otherwise tried less often, and a build that is repeated
set -euo pipefail
cd "$(dirname "$0")/.."

# The same flags everywhere, so that all builds share one cache.
export GOFLAGS="-trimpath -buildvcs=false -gcflags=all=-dwarf=false ${GOFLAGS:-}" CGO_ENABLED=0
KUBEBUILDER_ASSETS=$(go -C hack/localkube run ./cmd/localkube assets)
export KUBEBUILDER_ASSETS

mode=()
case ${1:-} in
  "") ;;
  race) mode=(-race -tags scale) CGO_ENABLED=1 ;;
  full) mode=(-race -tags "full scale" -count=1) CGO_ENABLED=1 ;;
  *) echo "usage: hack/test.sh [race|full]" >&2; exit 2 ;;
esac

# Most tests wait for other programs most of the time, so more run at once than there are cores; with yet more, what a server
# or an operator allows itself in seconds passes by. Whoever comes last runs alone, so the longest comes first. Vetting is left to `make lint`.
cores=$(nproc)
tests() { go test -vet=off -p "$cores" -parallel $((2 * cores)) -timeout 60m ${mode[@]+"${mode[@]}"} "$@"; }

tests ./authserver ./controllers ./test/browser ./authserver/internal/postgres ./...
cd hack/localkube
tests ./...
