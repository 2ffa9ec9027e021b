// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
)

// +kubebuilder:rbac:groups=auth.realmkeeper.io,resources=oauthproviders,verbs=get;list;watch
// +kubebuilder:rbac:groups=auth.realmkeeper.io,resources=oauthproviders/status,verbs=patch

// visitors is how many providers are worked on at the same time. A pass mostly
// waits for a provider, and for one that does not answer all of ten seconds.
const visitors = 16

// providerReconciler says what became of OAuthProviders. It changes nothing
// else: attaching them is part of the pass over their realm.
type providerReconciler struct {
	*reconciler
	askProvider preflight.Ask

	mu       sync.Mutex
	findings map[types.NamespacedName]finding
}

func newProviderReconciler(r *reconciler, ask preflight.Ask) *providerReconciler {
	return &providerReconciler{reconciler: r, askProvider: ask, findings: map[types.NamespacedName]finding{}}
}

func (r *providerReconciler) setup(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("oauthprovider").
		For(&v1alpha1.OAuthProvider{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.OAuthProvider{}, handler.EnqueueRequestsFromMapFunc(r.neighboursOf), builder.WithPredicates(concernsOthers())).
		// A realm's status is what tells that its pods run a provider.
		Watches(&v1alpha1.AuthRealm{}, handler.EnqueueRequestsFromMapFunc(r.providersOf(realmIndex))).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.providersOf(secretIndex)), builder.OnlyMetadata).
		WithOptions(controller.Options{MaxConcurrentReconciles: visitors}).
		Complete(r)
}

// Reconcile makes one pass over a provider.
func (r *providerReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	return requeue.OnConflict(func() (ctrl.Result, error) { return r.pass(ctx, req) })
}

// pass reads past the cache, since what it says of the provider counts only over
// what it has read.
func (r *providerReconciler) pass(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	provider := &v1alpha1.OAuthProvider{}
	err := r.live.Get(ctx, req.NamespacedName, provider)
	if apierrors.IsNotFound(err) || err == nil && provider.DeletionTimestamp != nil {
		r.forget(req.NamespacedName)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("get provider: %w", err)
	}
	seen, err := r.look(ctx, provider)
	if err != nil {
		return ctrl.Result{}, err
	}
	status, err := r.report(ctx, provider, seen)
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: r.nextVisit(provider, seen, status)}, nil
}

// nextVisit is when to look at the provider again though nothing happens, 0 for never.
func (r *providerReconciler) nextVisit(provider *v1alpha1.OAuthProvider, v providerView, status v1alpha1.OAuthProviderStatus) time.Duration {
	if slices.ContainsFunc(status.Conditions, func(c metav1.Condition) bool { return conditions.Retryable(c.Reason) }) {
		return requeue.Retry(provider.UID)
	}
	if v.answer == nil {
		return 0
	}
	_, next := visits(provider.UID, troubledSince(status.Conditions), r.now())
	return max(next.Sub(r.now()), time.Second)
}

// look finds out everything that a provider's status tells of. What cannot be found
// out is a failure in what is returned; an error ends the pass.
func (r *providerReconciler) look(ctx context.Context, provider *v1alpha1.OAuthProvider) (providerView, error) {
	var v providerView
	realm := &v1alpha1.AuthRealm{}
	err := r.Get(ctx, types.NamespacedName{Namespace: provider.Namespace, Name: provider.Spec.RealmRef.Name}, realm)
	switch {
	case err == nil:
		v.realm = realm
	case !apierrors.IsNotFound(err):
		if v.unread, err = conditions.Classify(fmt.Errorf("get realm: %w", err)); err != nil {
			return v, err
		}
	}
	secret, err := r.clientSecret(ctx, provider)
	if v.secret, err = conditions.Classify(err); err != nil {
		return v, err
	}
	v.problem = render.ProviderProblem(provider)
	if v.neighbours, err = r.providersAt(ctx, provider.Namespace, provider.Spec.RealmRef.Name); err != nil {
		v.unread, err = conditions.Classify(err)
		return v, err
	}
	v.settle(provider)
	if v.realm == nil || v.secret != nil || v.problem != nil {
		return v, nil
	}
	if err := r.preflight(ctx, provider, secret, &v); err != nil {
		return v, err
	}
	v.settle(provider) // it may have promised something
	return v, nil
}

// report writes the status, if it says anything new, and only over what was read.
func (r *providerReconciler) report(ctx context.Context, provider *v1alpha1.OAuthProvider, v providerView) (v1alpha1.OAuthProviderStatus, error) {
	before := provider.DeepCopy()
	provider.Status = providerStatusOf(provider, v)
	if equality.Semantic.DeepEqual(before.Status, provider.Status) {
		return provider.Status, nil
	}
	after := provider.Status
	if err := r.Status().Patch(ctx, provider, overRead(before), client.FieldOwner(ownership.FieldOwner)); err != nil {
		return after, client.IgnoreNotFound(fmt.Errorf("patch provider status: %w", err))
	}
	r.events.Transition(provider, before.Status.Conditions, after.Conditions)
	return after, nil
}
