// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"cmp"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// An operator remembers what it has applied in the statuses of realms, from one process to
// the next. It is written when a pass has come to its end, and tells of what the API server
// answered: of a pass that was broken off it tells nothing, so that what that has written
// is written again.
//
// Whoever may write an object of a realm and not the status of realms, as the roles of
// namespaces have it, hides no change by it: each gives the object another generation or
// version than the status tells of, and those are the API server's alone.

// Resume takes over what an earlier operator has applied of a realm, unless this one has
// made a pass over it. Of each of the objects it is known no more than by its state.
func (a *Applier) Resume(realm *v1alpha1.AuthRealm) {
	a.applied.resume(client.ObjectKeyFromObject(realm), realm.Status.Applied)
}

// Applied is what the realm's status is to remember.
func (a *Applier) Applied(realm *v1alpha1.AuthRealm) []v1alpha1.AppliedObject {
	var all []v1alpha1.AppliedObject
	for name, state := range a.applied.states(client.ObjectKeyFromObject(realm)) {
		all = append(all, v1alpha1.AppliedObject{Object: name, State: state})
	}
	slices.SortFunc(all, func(a, b v1alpha1.AppliedObject) int { return cmp.Compare(a.Object, b.Object) })
	return all
}

// nameOf is what a status calls an object of a realm.
func nameOf(ref render.Reference) string { return ref.Kind.Kind + "/" + ref.Name }
