// SPDX-License-Identifier: Apache-2.0

// Package ownership says whose an object is, and refuses to touch what is somebody
// else's.
//
// An object is a realm's when the realm controls it or, where nobody controls it,
// when it is marked as the realm's own. Nothing else is ever written to: a user who
// has an object of the same name is told whose it is, and what is safe to do about it.
package ownership

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// FieldOwner is the one field manager under which the operator writes.
const FieldOwner = "realmkeeper"

// Belongs reports whether an object is the realm's: controlled by it, or
// controlled by nobody and marked as the realm's own. The latter are Secrets
// that outlived an earlier realm of the name.
func Belongs(realm *v1alpha1.AuthRealm, o metav1.Object) bool {
	if controller := metav1.GetControllerOf(o); controller != nil {
		return controller.UID == realm.UID
	}
	return render.RealmOf(o.GetLabels()) == realm.Name
}

// OfAnyRealm reports whether some realm controls an object, whatever its labels say.
func OfAnyRealm(o metav1.Object) bool {
	c := metav1.GetControllerOf(o)
	return c != nil && c.Kind == "AuthRealm" && strings.HasPrefix(c.APIVersion, v1alpha1.GroupName+"/")
}

// Check returns a conditions.Failure unless the object, which exists, may be written to.
func Check(realm *v1alpha1.AuthRealm, kind string, o metav1.Object) error {
	switch {
	case !Belongs(realm, o):
		return conditions.NewFailure(v1alpha1.ReasonNameTaken, "%s %q is needed and %s", kind, o.GetName(), foreign(realm, kind, o))
	case o.GetDeletionTimestamp() == nil:
		return nil
	case o.GetName() == render.NamesOf(realm).EncryptionKeys():
		return conditions.NewFailure(v1alpha1.ReasonBeingDeleted, "%s %q is being deleted, and nothing else opens what it seals; save it while it is there: "+
			"kubectl -n %s get secret %s -o yaml > %s.yaml", kind, o.GetName(), realm.Namespace, o.GetName(), o.GetName())
	}
	return conditions.NewFailure(v1alpha1.ReasonBeingDeleted, "%s %q is being deleted; it is made again when it is gone", kind, o.GetName())
}

// foreign says whose an object is, as far as can be seen, and what is safe to do
// about it. Secrets hold keys, and a database's StatefulSet may take its volume
// along: nobody is told to delete one.
func foreign(realm *v1alpha1.AuthRealm, kind string, o metav1.Object) string {
	const rename = "name the realm differently"
	c := metav1.GetControllerOf(o)
	switch {
	case c == nil:
	case OfAnyRealm(o) && c.Name == realm.Name:
		// A backup that was restored with its owner is one of these as well.
		return fmt.Sprintf("belongs to an earlier realm of the name, with which it goes; if it is to stay, take its owner away: "+
			`kubectl -n %s patch %s %s --type=json -p '[{"op":"remove","path":"/metadata/ownerReferences"}]'`,
			realm.Namespace, strings.ToLower(kind), o.GetName())
	default:
		return fmt.Sprintf("belongs to %s %q; %s", c.Kind, c.Name, rename)
	}
	if name := o.GetLabels()[render.RealmLabel]; name != "" {
		return fmt.Sprintf("is marked as that of the realm %q; %s", name, rename)
	}
	switch kind {
	case "Secret":
		return fmt.Sprintf("is not marked as this realm's; if it is, mark it: kubectl -n %s label secret %s %s=%s; if it is somebody else's, %s",
			realm.Namespace, o.GetName(), render.RealmLabel, realm.Name, rename)
	case "StatefulSet":
		return "belongs to somebody else; " + rename
	case "Service":
		if realm.Namespace == metav1.NamespaceDefault && o.GetName() == "kubernetes" {
			return "is the cluster's own, by which everybody finds the API server; " + rename
		}
	}
	return "belongs to somebody else; delete it, or " + rename
}
