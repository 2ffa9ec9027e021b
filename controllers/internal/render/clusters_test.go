// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

const clusterKeys = `{"keys":[{"kty":"OKP","kid":"one","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`

const clusters = `
issuer: https://login.example.com
clients:
  clusters:
    - {name: staging, issuer: "https://kubernetes.default.svc.cluster.local", jwks: {keys: [{kty: OKP, kid: one, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}]}}
    - {name: broken, issuer: "https://k8s.example.com", jwks: {keys: [{kty: OKP, crv: Ed25519, x: a}]}}
    - {name: edge, issuer: "https://k8s.example.com:6443/", jwksURI: "https://k8s.example.com/openid/v1/jwks"}
`

func TestADocumentOfClusters(t *testing.T) {
	t.Parallel()
	realm := inputs(t, clusters).Realm
	own := realmconfig.Cluster{Issuer: "https://kubernetes.default.svc", JWKS: json.RawMessage(clusterKeys)}
	for name, c := range map[string]struct {
		own  *realmconfig.Cluster
		want []string
	}{
		"with the operator's own": {&own, []string{"", "edge", "staging"}},
		"without":                 {nil, []string{"edge", "staging"}},
	} {
		document := render.ClusterDocument(realm, c.own)
		names := []string{}
		for _, cluster := range document.Clusters {
			names = append(names, cluster.Name)
		}
		if err := document.Validate(); err != nil || strings.Join(names, " ") != strings.Join(c.want, " ") {
			t.Errorf("%s: %q are in it (%v)", name, names, err)
		}
	}
	declared, found := render.DeclaredCluster(realm, "staging")
	told, err := render.Cluster(declared)
	if !found || err != nil || string(told.JWKS) != clusterKeys {
		t.Errorf("pods are told %+v (%v)", told, err)
	}
	broken, _ := render.DeclaredCluster(realm, "broken")
	if _, err := render.Cluster(broken); err == nil {
		t.Error("keys that are none are taken")
	}
	if _, found := render.DeclaredCluster(realm, ""); found {
		t.Error("the operator's own is declared")
	}
	if none := render.ClusterDocument(inputs(t, "issuer: https://login.example.com").Realm, nil); none.Validate() != nil || len(none.Clusters) != 0 {
		t.Errorf("of a realm that says nothing pods are told %+v", none)
	}
}

func TestTheDocumentOfClustersIsFoundByItsName(t *testing.T) {
	t.Parallel()
	realm := inputs(t, clusters).Realm
	o := render.ClustersConfigMap(realm, []byte("{}"))
	if of, ok := render.ClustersOf(*o.Name); !ok || of != realm.Name || o.Data["clusters.json"] != "{}" || "clients/"+render.ClustersKey != realmconfig.ClustersFile {
		t.Errorf("%s is of %q, with %v", *o.Name, of, o.Data)
	}
	for _, name := range []string{"-clusters-v1", "staff-clusters-v2", "staff-clients-1-v1", "staff-config-v1", ""} {
		if of, ok := render.ClustersOf(name); ok {
			t.Errorf("%q is of %q", name, of)
		}
	}
}
