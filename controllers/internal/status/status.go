// SPDX-License-Identifier: Apache-2.0

// Package status writes what the operator says of an object.
//
// Each kind has one Writer of its status, which writes once a pass: only what is new,
// and only over what the pass has read. A pass over an earlier spec must not bring back
// what was taken back since, nor tell of the newest one. The one exception is a Ready
// about a spec that has been replaced: when no pass has come to its end for some
// seconds, a StaleReadyReconciler takes it back.
//
// Passes follow each other faster than a cache does, and a pass that began with the status
// before would find nothing new to say where there is. So a Writer remembers which version
// it has written, and reads an object from the cache only once that has come so far.
package status

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
)

// Kind says where the status of a kind's objects has what every status has.
type Kind struct {
	object client.Object

	// name is what messages call an object.
	name string

	conditions func(client.Object) *[]metav1.Condition
}

// Name is what messages call an object of the kind.
func (k Kind) Name() string { return k.name }

// Conditions are those in the status of an object.
func (k Kind) Conditions(o client.Object) *[]metav1.Condition { return k.conditions(o) }

// NewKind is the Kind of an object, which messages call by the name. The function
// returns the conditions in the status of one.
func NewKind[O client.Object](name string, object O, conditions func(O) *[]metav1.Condition) Kind {
	return Kind{object: object, name: name, conditions: func(o client.Object) *[]metav1.Condition {
		typed, ok := o.(O)
		if !ok {
			return &[]metav1.Condition{}
		}
		return conditions(typed)
	}}
}

// Writer writes the statuses of a kind, and tells of transitions as events.
type Writer struct {
	kind   Kind
	client client.StatusClient
	events conditions.Recorder

	known *versions
}

// NewWriter is a Writer for a kind.
func NewWriter(kind Kind, client client.StatusClient, events conditions.Recorder) Writer {
	return Writer{kind, client, events, &versions{}}
}

// Write writes the status of after, if it says anything new, and only while the object
// is as it was read, which before is. It reports whether it did: an object that is gone
// needs no status. Its error is conditions.IsConflict when the object has changed.
func (w Writer) Write(ctx context.Context, before, after client.Object) (written bool, err error) {
	if equality.Semantic.DeepEqual(before, after) {
		return false, nil
	}
	overRead := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := w.client.Status().Patch(ctx, after, overRead, client.FieldOwner(ownership.FieldOwner)); err != nil {
		w.known.doubt(client.ObjectKeyFromObject(before))
		return false, client.IgnoreNotFound(fmt.Errorf("patch %s status: %w", w.kind.name, err))
	}
	w.known.note(after)
	w.events.Transition(after, *w.kind.Conditions(before), *w.kind.Conditions(after))
	return true, nil
}
