// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
)

// overdue is how long a Ready may stand beside a spec that it is not about. A pass
// takes a second or two, and far longer when a webhook lets each write wait.
const overdue = 3 * time.Second

// overdueReconciler takes back a Ready that is about an earlier spec, when the pass
// over the newest one has not come to its end. It waits for none: its own workers do
// nothing else.
type overdueReconciler struct {
	*reconciler
	kind client.Object

	// conditions are an object's, and the generation that its status is about.
	conditions func(client.Object) (conditions *[]metav1.Condition, observed int64)

	// since tells since when an object's Ready has been about which earlier spec.
	mu    sync.Mutex
	since map[types.NamespacedName]earlier
}

// earlier is a generation of a spec that has been replaced, and since when it is known.
type earlier struct {
	generation int64
	at         time.Time
}

func newOverdueReconciler(
	r *reconciler, kind client.Object, conditions func(client.Object) (*[]metav1.Condition, int64),
) *overdueReconciler {
	return &overdueReconciler{reconciler: r, kind: kind, conditions: conditions, since: map[types.NamespacedName]earlier{}}
}

func conditionsOfRealm(o client.Object) (*[]metav1.Condition, int64) {
	realm, ok := o.(*v1alpha1.AuthRealm)
	if !ok {
		return &[]metav1.Condition{}, o.GetGeneration()
	}
	return &realm.Status.Conditions, realm.Status.ObservedGeneration
}

func conditionsOfProvider(o client.Object) (*[]metav1.Condition, int64) {
	provider, ok := o.(*v1alpha1.OAuthProvider)
	if !ok {
		return &[]metav1.Condition{}, o.GetGeneration()
	}
	return &provider.Status.Conditions, provider.Status.ObservedGeneration
}

func (r *overdueReconciler) setup(mgr ctrl.Manager, name string) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named(name).
		For(r.kind, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Complete(r)
}

// Reconcile looks at one object, twice when its status is not about its spec.
func (r *overdueReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	o, ok := r.kind.DeepCopyObject().(client.Object)
	if !ok {
		return ctrl.Result{}, fmt.Errorf("%T is no object", r.kind)
	}
	if err := r.Get(ctx, req.NamespacedName, o); err != nil {
		r.settle(req.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	conditions, observed := r.conditions(o)
	ready := meta.FindStatusCondition(*conditions, v1alpha1.ReadyCondition)
	if observed == o.GetGeneration() || ready == nil || ready.Status != metav1.ConditionTrue || o.GetDeletionTimestamp() != nil {
		r.settle(req.NamespacedName)
		return ctrl.Result{}, nil
	}
	if left := overdue - r.waiting(req.NamespacedName, observed); left > 0 {
		return ctrl.Result{RequeueAfter: left}, nil
	}
	return r.takeBack(ctx, o)
}

// takeBack says that Ready is not known.
func (r *overdueReconciler) takeBack(ctx context.Context, o client.Object) (ctrl.Result, error) {
	conditions, _ := r.conditions(o)
	before, ok := o.DeepCopyObject().(client.Object)
	if !ok {
		return ctrl.Result{}, fmt.Errorf("%T is no object", o)
	}
	after := metav1.Condition{
		Type: v1alpha1.ReadyCondition, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNotObserved, ObservedGeneration: o.GetGeneration(),
		Message: "The spec has changed, and the operator is still at it; the other conditions are about the spec before",
	}
	was := *conditions
	*conditions = append([]metav1.Condition{}, was...)
	meta.SetStatusCondition(conditions, after)
	// Only over what was read: a pass that has ended meanwhile has said more.
	err := r.Status().Patch(ctx, o, overRead(before), client.FieldOwner(ownership.FieldOwner))
	switch {
	case apierrors.IsConflict(err):
		return ctrl.Result{RequeueAfter: time.Second}, nil
	case err != nil:
		return ctrl.Result{}, client.IgnoreNotFound(fmt.Errorf("patch status: %w", err))
	}
	r.events.Transition(o, was, []metav1.Condition{after})
	return ctrl.Result{}, nil
}

// waiting is for how long an object's Ready has been about an earlier spec. That is
// the time of whoever waits, however the operator's own clock goes.
func (r *overdueReconciler) waiting(name types.NamespacedName, observed int64) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if seen, known := r.since[name]; !known || seen.generation != observed {
		r.since[name] = earlier{observed, time.Now()}
	}
	return time.Since(r.since[name].at)
}

// settle is for objects whose Ready is about their spec, or which are gone.
func (r *overdueReconciler) settle(name types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.since, name)
}
