#!/usr/bin/env bash
# Writes everything that is generated: deepcopy, kinds and roles from the markers, the chart's copies of them, the
# manifests of an installation without Helm, the tables of their fields, and the lists of common passwords, of the pages'
# texts and of stored names.
set -euo pipefail
cd "$(dirname "$0")/.."

controller_gen=$(hack/tools.sh controller-gen)
crdgen=$(hack/tools.sh crdgen)
helm=$(hack/tools.sh helm)

"$controller_gen" object:headerFile=hack/tools/boilerplate.go.txt paths=./api/...
"$crdgen" config/crd ./api/...
"$controller_gen" rbac:roleName=realmkeeper-operator paths=./controllers/... output:rbac:dir=config/rbac

rm -rf charts/realmkeeper/files
mkdir -p charts/realmkeeper/files/crds
cp config/crd/auth.realmkeeper.io_*.yaml charts/realmkeeper/files/crds/
cp config/rbac/role.yaml charts/realmkeeper/files/

# What kustomize installs is what the chart installs. The admission policies have a file of their own, for clusters that
# do not know them.
installed() {
  echo "# Written by make generate from charts/realmkeeper; the kinds are in config/crd."
  "$helm" template realmkeeper charts/realmkeeper --namespace realmkeeper-system --set crds.enabled=false --skip-tests \
    --api-versions admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy "$@" | sed 's/[[:space:]]*$//'
}
installed --set admissionPolicies.enabled=false > config/default/operator.yaml
installed --show-only templates/admission_policies.yaml > config/default/admission_policies.yaml

go run ./hack/fieldtable \
  config/crd/auth.realmkeeper.io_authrealms.yaml docs/authrealm.md \
  config/crd/auth.realmkeeper.io_oauthproviders.yaml docs/oauthprovider.md \
  config/crd/auth.realmkeeper.io_oauthclients.yaml docs/oauthclient.md

go generate ./authserver/... ./test/architecture
