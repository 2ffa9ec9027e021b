// SPDX-License-Identifier: Apache-2.0

// Package attached is what the kinds have in common that hang on a realm. OAuthProvider
// is one.
//
// An object of such a kind names a realm of its namespace, and may name a Secret. The
// pass over the realm takes up the objects that it can use, and its status tells which
// revision of each every pod runs. The pass over an object says what became of it: that
// its realm is there (RealmFound), its Secret can be used (ReadClientSecret), and every
// pod of the realm runs it as the spec says (Attached). A Kind wakes each by what the
// other does.
package attached

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// Realm reads the realm of an attached object. It returns nil when there is none, and a
// failure when nobody knows; an error ends the pass.
func Realm(ctx context.Context, r client.Reader, namespace, name string) (*v1alpha1.AuthRealm, *conditions.Failure, error) {
	realm := &v1alpha1.AuthRealm{}
	err := r.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, realm)
	switch {
	case err == nil:
		return realm, nil, nil
	case apierrors.IsNotFound(err):
		return nil, nil, nil
	}
	unread, err := conditions.Classify(fmt.Errorf("get realm: %w", err))
	return nil, unread, err
}

// RealmFound is the condition that says whether the realm of that name is there.
func RealmFound(name string, realm *v1alpha1.AuthRealm, unread *conditions.Failure) metav1.Condition {
	const kind = v1alpha1.RealmFoundCondition
	if unread != nil {
		return unread.Unknown(kind)
	}
	if realm == nil {
		return conditions.False(kind, v1alpha1.ReasonRealmNotFound, "realmRef: there is no AuthRealm %q in this namespace; create it", name)
	}
	return conditions.True(kind, v1alpha1.ReasonFound, "AuthRealm %q is there", name)
}

// Uptake is how far the pods of a realm have taken up an object.
type Uptake struct {
	// Revision names what the realm has told its pods of the object, empty for nothing.
	Revision string

	// Everywhere is set once every pod has run it.
	Everywhere bool
}

// Next is the uptake of a revision after a pass over the realm, which has seen how many
// pods there are and whether each runs what it should. What every pod has run stays so
// while other settings are on their way: no later settings leave it out or change it.
func (u Uptake) Next(revision string, pods int, everywhere bool) Uptake {
	return Uptake{revision, pods > 0 && (everywhere || u.Everywhere && u.Revision == revision)}
}

// Attached is the condition that compares what the pods of the realm run with the
// revision that the spec asks for. The realm leaves an object out while one of the
// conditions it needs is False.
func Attached(
	realm *v1alpha1.AuthRealm, unread *conditions.Failure, needed []metav1.Condition, uptake Uptake, revision string,
) metav1.Condition {
	const kind = v1alpha1.AttachedCondition
	if unread != nil {
		return unread.Unknown(kind)
	}
	for _, c := range needed {
		// What is not known leaves nothing out: the realm goes on with what it had.
		if c.Status == metav1.ConditionFalse {
			return conditions.False(kind, v1alpha1.ReasonBlocked, "The realm leaves it out, because of what %s says", c.Type)
		}
	}
	switch {
	case render.Replicas(realm) == 0:
		return conditions.False(kind, v1alpha1.ReasonScaledToZero, "AuthRealm %q is asked for no pods", realm.Name)
	case uptake.Revision != revision:
		return conditions.False(kind, v1alpha1.ReasonPropagating,
			"AuthRealm %q has not taken up these settings yet; its own conditions say why if it lasts", realm.Name)
	case !uptake.Everywhere:
		return conditions.False(kind, v1alpha1.ReasonPropagating,
			"Not every pod of AuthRealm %q runs these settings yet; its ConfigPropagated says which", realm.Name)
	}
	return conditions.True(kind, v1alpha1.ReasonAttached, "Every pod of AuthRealm %q offers it", realm.Name)
}
