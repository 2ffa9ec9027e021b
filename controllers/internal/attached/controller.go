// SPDX-License-Identifier: Apache-2.0

package attached

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/installation"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
	"github.com/realmkeeper/realmkeeper/controllers/internal/status"
)

// Controller makes passes over the objects of a Kind. A pass says in the object's status
// what became of it, and changes nothing else but what is the object's own.
type Controller[O client.Object] struct {
	Kind Kind

	// Name is that of the controller. A second one, which takes back a Ready that is about
	// an earlier spec, has it with "-overdue".
	Name string

	// Concurrency is how many objects are worked on at the same time.
	Concurrency int

	// Rivals are other installations, which may be in charge of objects.
	Rivals *installation.Rivals

	// Events records that an object became ready, or is no longer.
	Events conditions.Recorder

	// Pass finds out what became of an object, and writes it into the status of what it is
	// given. It returns after how long to look again though nothing happens, 0 for never.
	// What may pass by itself, as conditions.Retryable tells by the reasons in the status,
	// is looked at again anyway.
	Pass func(context.Context, O) (time.Duration, error)

	// Sources ask for further passes, nil for none.
	Sources []source.Source

	// Forget drops what is remembered of an object that is gone.
	Forget func(types.NamespacedName)
}

// Setup adds the controller to a manager whose indexer has Index.
func (c Controller[O]) Setup(mgr ctrl.Manager) error {
	writer := status.NewWriter(c.Kind.status, mgr.GetClient(), c.Events)
	b := ctrl.NewControllerManagedBy(mgr).
		Named(c.Name).
		For(c.Kind.object, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		// A realm's status is what tells that its pods run an object.
		Watches(&v1alpha1.AuthRealm{}, c.Kind.tellUptake(mgr.GetClient())).
		// One that looks for its realm in the wrong namespace is told where it is.
		Watches(&v1alpha1.AuthRealm{}, handler.EnqueueRequestsFromMapFunc(c.Kind.WithoutRealm(mgr.GetClient())), builder.WithPredicates(predicate.Funcs{
			CreateFunc:  func(e event.CreateEvent) bool { return !e.IsInInitialList },
			UpdateFunc:  func(event.UpdateEvent) bool { return false },
			GenericFunc: func(event.GenericEvent) bool { return false },
		})).
		WithOptions(controller.Options{MaxConcurrentReconciles: c.Concurrency})
	for _, further := range c.Sources {
		b = b.WatchesRawSource(further)
	}
	if c.Kind.shared != nil {
		// What becomes of one may depend on the others.
		b = b.Watches(c.Kind.object, handler.EnqueueRequestsFromMapFunc(c.Kind.Neighbours(mgr.GetClient())), builder.WithPredicates(c.Kind.SharedChanges()))
	}
	if c.Kind.secret != nil {
		b = b.Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(c.Kind.OfSecret(mgr.GetClient())), builder.OnlyMetadata).
			// Whether an object may name a Secret depends on the realms that there are.
			Watches(&v1alpha1.AuthRealm{}, handler.EnqueueRequestsFromMapFunc(c.Kind.OfOwnSecrets(mgr.GetClient())),
				builder.WithPredicates(predicate.GenerationChangedPredicate{}))
	}
	return errors.Join(
		b.Complete(&installation.Gate{
			Rivals: c.Rivals, Next: &reconciler[O]{c, mgr.GetClient(), mgr.GetAPIReader(), writer}, Object: c.Kind.object, Reader: mgr.GetClient(),
		}),
		status.NewStaleReadyReconciler(writer, mgr.GetClient()).Setup(mgr, c.Name+"-overdue", c.Rivals),
	)
}

type reconciler[O client.Object] struct {
	Controller[O]
	cache, live client.Reader
	writer      status.Writer
}

// Reconcile makes one pass over an object.
func (r *reconciler[O]) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	return requeue.OnConflict(func() (ctrl.Result, error) { return r.pass(ctx, req) })
}

// pass says what it finds over what was said last.
func (r *reconciler[O]) pass(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	object, ok := r.Kind.object.DeepCopyObject().(O)
	if !ok {
		return ctrl.Result{}, fmt.Errorf("%T is no object of the kind", r.Kind.object)
	}
	err := r.writer.Read(ctx, r.cache, r.live, req.NamespacedName, object)
	if apierrors.IsNotFound(err) || err == nil && object.GetDeletionTimestamp() != nil {
		r.Forget(req.NamespacedName)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("get %s: %w", r.Kind.status.Name(), err)
	}
	before, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		return ctrl.Result{}, fmt.Errorf("%T is no object", object)
	}
	after, err := r.Pass(ctx, object)
	if err != nil {
		return ctrl.Result{}, err
	}
	all := r.Kind.status.Conditions(object)
	if slices.ContainsFunc(*all, func(c metav1.Condition) bool { return conditions.Retryable(c.Reason) }) {
		after = requeue.Retry(object.GetUID())
	}
	if _, err := r.writer.Write(ctx, before, object); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: after}, nil
}
