// SPDX-License-Identifier: Apache-2.0

package attached

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

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
		switch {
		case c.Status == metav1.ConditionFalse && c.Reason == v1alpha1.ReasonNotAllowed:
			return conditions.False(kind, v1alpha1.ReasonBlocked, "The realm goes on with what it had of it, if anything, because of what %s says", c.Type)
		case c.Status == metav1.ConditionFalse:
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
