#!/usr/bin/env bash
# Runs every test that needs no cluster. What can be tried again and again is tried often enough to fail when it is
# broken; `hack/test.sh full` tries everything, under the race detector.
set -euo pipefail
cd "$(dirname "$0")/.."

# The same flags everywhere, so that all builds share one cache.
export GOFLAGS="-trimpath -buildvcs=false -gcflags=all=-dwarf=false"
KUBEBUILDER_ASSETS=$(go -C hack/localkube run ./cmd/localkube assets)
export KUBEBUILDER_ASSETS

# Most tests wait for other programs most of the time, so more run at once than there are cores. Vetting is left to `make lint`.
cores=$(nproc)
tests() { go test -vet=off -p $((cores + 1)) -parallel $((3 * cores)) -timeout 30m "$@"; }

# Whoever comes last runs alone, so the longest comes first.
ours=(./authserver ./controllers ./authserver/... ./controllers/... ./cmd/... ./internal/...)
driven=(./test/browser ./test/... ./api/...)

if [[ ${1:-} == full ]]; then
  CGO_ENABLED=1 tests -race -tags "full scale" "${ours[@]}" "${driven[@]}"
else
  # The race detector doubles the work. It watches our own code where tests call it from many places at once; pages in a
  # browser, the kinds' rules and the chart are looked at without it, with what `make up` has compiled.
  CGO_ENABLED=1 tests -race "${ours[@]}"
  CGO_ENABLED=0 tests "${driven[@]}"
fi
cd hack/localkube
CGO_ENABLED=1 tests -race ./...
