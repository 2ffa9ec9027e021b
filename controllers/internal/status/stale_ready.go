// SPDX-License-Identifier: Apache-2.0

package status

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
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/installation"
)

// overdue is how long a Ready may stand beside a spec that it is not about, as its
// observedGeneration tells. A pass takes a second or two, some more where the API server
// is busy, and far longer when a webhook lets each write wait.
const overdue = 10 * time.Second

// StaleReadyReconciler takes back a Ready that is about an earlier spec, when the pass
// over the newest one has not come to its end. It waits for none: its own workers do
// nothing else.
type StaleReadyReconciler struct {
	writer Writer
	reader client.Reader

	// since tells since when an object's Ready has been about which earlier spec.
	mu    sync.Mutex
	since map[types.NamespacedName]earlier
}

// earlier is a generation of a spec that has been replaced, and since when it is known.
type earlier struct {
	generation int64
	at         time.Time
}

// NewStaleReadyReconciler is a StaleReadyReconciler for the writer's kind, whose objects
// it reads from reader, which may be a cache.
func NewStaleReadyReconciler(writer Writer, reader client.Reader) *StaleReadyReconciler {
	return &StaleReadyReconciler{writer: writer, reader: reader, since: map[types.NamespacedName]earlier{}}
}

// Setup adds the reconciler to a manager, under a name of its own, for objects that are no
// other installation's.
func (r *StaleReadyReconciler) Setup(mgr ctrl.Manager, name string, rivals *installation.Rivals) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named(name).
		For(r.writer.kind.object, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Complete(&installation.Gate{Rivals: rivals, Next: r, Object: r.writer.kind.object, Reader: r.reader})
}

// Reconcile looks at one object, twice when its status is not about its spec.
func (r *StaleReadyReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	o, err := copyOf(r.writer.kind.object)
	if err != nil {
		return ctrl.Result{}, err
	}
	if err := r.reader.Get(ctx, req.NamespacedName, o); err != nil {
		r.settle(req.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	all := r.writer.kind.Conditions(o)
	observed := newest(*all)
	ready := meta.FindStatusCondition(*all, v1alpha1.ReadyCondition)
	if observed == o.GetGeneration() || ready == nil || ready.Status != metav1.ConditionTrue || o.GetDeletionTimestamp() != nil {
		r.settle(req.NamespacedName)
		return ctrl.Result{}, nil
	}
	if left := overdue - r.waiting(req.NamespacedName, observed); left > 0 {
		return ctrl.Result{RequeueAfter: left}, nil
	}
	return r.takeBack(ctx, o)
}

// takeBack says that Ready is not known. A pass that has ended meanwhile has said more.
func (r *StaleReadyReconciler) takeBack(ctx context.Context, before client.Object) (ctrl.Result, error) {
	after, err := copyOf(before)
	if err != nil {
		return ctrl.Result{}, err
	}
	all := r.writer.kind.Conditions(after)
	conditions.Set(all, after.GetGeneration(), conditions.Unknown(v1alpha1.ReadyCondition, v1alpha1.ReasonNotObserved,
		"The spec has changed, and the operator is still at it; the other conditions are about the spec before"))
	_, err = r.writer.Write(ctx, before, after)
	if apierrors.IsConflict(err) {
		return ctrl.Result{RequeueAfter: time.Second}, nil
	}
	return ctrl.Result{}, err
}

// newest is the newest generation that a pass has come to its end over: one that leaves
// Ready as it was, for the spec before, tells of it in the other conditions.
func newest(all []metav1.Condition) int64 {
	var generation int64
	for _, c := range all {
		generation = max(generation, c.ObservedGeneration)
	}
	return generation
}

func copyOf(o client.Object) (client.Object, error) {
	c, ok := o.DeepCopyObject().(client.Object)
	if !ok {
		return nil, fmt.Errorf("%T is no object", o)
	}
	return c, nil
}

// waiting is for how long an object's Ready has been about an earlier spec. That is
// the time of whoever waits, however the operator's own clock goes.
func (r *StaleReadyReconciler) waiting(name types.NamespacedName, observed int64) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if seen, known := r.since[name]; !known || seen.generation != observed {
		r.since[name] = earlier{observed, time.Now()}
	}
	return time.Since(r.since[name].at)
}

// settle is for objects whose Ready is about their spec, or which are gone.
func (r *StaleReadyReconciler) settle(name types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.since, name)
}
