#!/usr/bin/env bash
# Regenerates and fails on any difference, also on files that nobody committed.
set -euo pipefail
cd "$(dirname "$0")/.."

generated=(api config charts docs authserver/internal/commonpasswords authserver/realmconfig test/architecture/testdata)
before=$(git status --porcelain -- "${generated[@]}"; git diff -- "${generated[@]}")
hack/generate.sh
after=$(git status --porcelain -- "${generated[@]}"; git diff -- "${generated[@]}")
if [[ $before != "$after" ]]; then
  git --no-pager diff -- "${generated[@]}"
  git status --short -- "${generated[@]}"
  echo "verify: generated files are stale; run 'make generate' and commit the result" >&2
  exit 1
fi
echo "verify: generated files are current"
