// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// ClustersKey is the key of the ConfigMap of clusters under which their document is.
const ClustersKey = "clusters.json"

// Cluster is what auth servers are told of a cluster that a realm declares. The error says
// what they would have against it.
func Cluster(c v1alpha1.Cluster) (realmconfig.Cluster, error) {
	told := realmconfig.Cluster{Name: c.Name, Issuer: string(c.Issuer), JWKSURI: string(c.JWKSURI)}
	if c.JWKS != nil {
		document, err := json.Marshal(c.JWKS)
		if err != nil {
			return told, fmt.Errorf("encode jwks of cluster: %w", err)
		}
		told.JWKS = document
	}
	return told, told.Validate()
}

// DeclaredCluster is the cluster of a name that a realm declares.
func DeclaredCluster(realm *v1alpha1.AuthRealm, name string) (v1alpha1.Cluster, bool) {
	for _, c := range valueOr(realm.Spec.Clients, v1alpha1.Clients{}).Clusters {
		if c.Name == name {
			return c, true
		}
	}
	return v1alpha1.Cluster{}, false
}

// ClusterDocument is what auth servers are told of clusters: the one that the operator runs
// in, nil where its keys are not known or nobody needs them, and those that the realm
// declares and that nothing is wrong with.
func ClusterDocument(realm *v1alpha1.AuthRealm, own *realmconfig.Cluster) realmconfig.ClusterDocument {
	document := realmconfig.ClusterDocument{Version: realmconfig.Version, Clusters: []realmconfig.Cluster{}}
	if own != nil {
		document.Clusters = append(document.Clusters, *own)
	}
	for _, c := range valueOr(realm.Spec.Clients, v1alpha1.Clients{}).Clusters {
		if told, err := Cluster(c); err == nil { // clients that name another one are told why not
			document.Clusters = append(document.Clusters, told)
		}
	}
	slices.SortFunc(document.Clusters, func(a, b realmconfig.Cluster) int { return cmp.Compare(a.Name, b.Name) })
	return document
}

// ClustersConfigMap is the ConfigMap with the document of clusters.
func ClustersConfigMap(realm *v1alpha1.AuthRealm, document []byte) *corev1ac.ConfigMapApplyConfiguration {
	return corev1ac.ConfigMap(NamesOf(realm).Clusters(), realm.Namespace).
		WithLabels(labels(realm, server)).
		WithOwnerReferences(owner(realm)).
		WithData(map[string]string{ClustersKey: string(document)})
}

// IsWorkload reports whether a client is one of ServiceAccounts, and whether one of these is
// in the cluster that the operator runs in.
func IsWorkload(c *v1alpha1.OAuthClient) (workload, here bool) {
	return len(c.Spec.ServiceAccounts) > 0,
		slices.ContainsFunc(c.Spec.ServiceAccounts, func(a v1alpha1.ServiceAccountRef) bool { return a.Cluster == "" })
}
