// SPDX-License-Identifier: Apache-2.0

package render

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// RealmLabel marks an object as a realm's own, by the realm's name. Nobody else
// has a use for it: the common labels, tools write as they please.
const RealmLabel = v1alpha1.GroupName + "/realm"

// Common labels of every object of a realm.
const (
	nameLabel      = "app.kubernetes.io/name"
	instanceLabel  = "app.kubernetes.io/instance"
	componentLabel = "app.kubernetes.io/component"
	managedByLabel = "app.kubernetes.io/managed-by"

	product = "realmkeeper"
)

// Components of a realm.
const (
	server   = "auth-server"
	database = "database"
	cache    = "cache"
)

// RevisionAnnotation is written on a pod to make its kubelet refresh the pod's
// mounts at once, instead of at its next sync a minute later.
const RevisionAnnotation = v1alpha1.GroupName + "/revision"

// ClientsRevisionAnnotation does the same when the documents of clients have changed.
const ClientsRevisionAnnotation = v1alpha1.GroupName + "/clients-revision"

// Selector selects all pods of the realm, its stores' included.
func Selector(realm *v1alpha1.AuthRealm) map[string]string {
	return map[string]string{nameLabel: product, instanceLabel: realm.Name}
}

// ServersOf selects the auth server pods of several realms, and their Deployments.
func ServersOf(realms []string) *metav1.LabelSelector {
	return &metav1.LabelSelector{
		MatchLabels:      map[string]string{nameLabel: product, componentLabel: server},
		MatchExpressions: []metav1.LabelSelectorRequirement{{Key: instanceLabel, Operator: metav1.LabelSelectorOpIn, Values: realms}},
	}
}

// IsServer, IsDatabase and IsCache report of what part of its realm a pod is.
func IsServer(labels map[string]string) bool   { return labels[componentLabel] == server }
func IsDatabase(labels map[string]string) bool { return labels[componentLabel] == database }
func IsCache(labels map[string]string) bool    { return labels[componentLabel] == cache }

// RealmOf is the name of the realm an object's labels say it belongs to, or "".
// Objects from before there was a mark have the common labels alone, until they
// are applied again.
func RealmOf(labels map[string]string) string {
	if name := labels[RealmLabel]; name != "" {
		return name
	}
	if labels[managedByLabel] != product || labels[nameLabel] != product {
		return ""
	}
	return labels[instanceLabel]
}

// DatabaseLabels are on everything that the StatefulSet of the managed database makes.
func DatabaseLabels(realm *v1alpha1.AuthRealm) map[string]string { return selector(realm, database) }

func selector(realm *v1alpha1.AuthRealm, component string) map[string]string {
	return map[string]string{nameLabel: product, instanceLabel: realm.Name, componentLabel: component}
}

// labels are those of an object itself.
func labels(realm *v1alpha1.AuthRealm, component string) map[string]string {
	all := podLabels(realm, component)
	all[RealmLabel] = realm.Name
	return all
}

// podLabels are those of the pods that it makes. They lack the mark: a pod has
// an owner, and another label would replace every pod there is.
func podLabels(realm *v1alpha1.AuthRealm, component string) map[string]string {
	all := selector(realm, component)
	all[managedByLabel] = product
	return all
}

// owner makes the realm the controller of an object: deleted with it, and
// nobody else's.
func owner(realm *v1alpha1.AuthRealm) *metav1ac.OwnerReferenceApplyConfiguration {
	return metav1ac.OwnerReference().
		WithAPIVersion(v1alpha1.GroupVersion.String()).
		WithKind("AuthRealm").
		WithName(realm.Name).
		WithUID(realm.UID).
		WithController(true).
		WithBlockOwnerDeletion(true)
}
