// SPDX-License-Identifier: Apache-2.0

// Package provider says what became of an OAuthProvider.
//
// A pass over a provider finds its realm and its client secret, decides which callback
// it has beside its neighbours, asks the provider whether it will do, and compares what
// the realm's pods run with what the spec says. It writes nothing but the provider's
// status: attaching it is part of the pass over its realm.
package provider

import (
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
	"github.com/realmkeeper/realmkeeper/controllers/internal/status"
)

// Options are what the controller of providers needs besides a manager. All are
// required.
type Options struct {
	// Now is the time.
	Now func() time.Time

	// Ask finds out whether an identity provider will do.
	Ask preflight.Ask

	// Events records what happens.
	Events conditions.Recorder
}

// concurrency is how many providers are worked on at the same time. A pass mostly
// waits for a provider, and for one that does not answer all of ten seconds.
const concurrency = 16

// Setup adds the controllers of providers to a manager whose indexer has
// attached.Index.
func Setup(mgr ctrl.Manager, options Options) error {
	writer := status.NewWriter(statusKind(), mgr.GetClient(), options.Events)
	r := &reconciler{
		cache: mgr.GetClient(), live: mgr.GetAPIReader(), secrets: secrets.NewReader(mgr.GetAPIReader()), status: writer,
		now: options.Now, ask: options.Ask,
	}
	return errors.Join(
		r.setup(mgr),
		status.NewStaleReadyReconciler(writer, mgr.GetClient()).Setup(mgr, "oauthprovider-overdue"),
	)
}

func statusKind() status.Kind {
	return status.NewKind("provider", &v1alpha1.OAuthProvider{}, func(p *v1alpha1.OAuthProvider) (*[]metav1.Condition, int64) {
		return &p.Status.Conditions, p.Status.ObservedGeneration
	})
}

func (r *reconciler) setup(mgr ctrl.Manager) error {
	kind := attached.ProviderKind()
	return ctrl.NewControllerManagedBy(mgr).
		Named("oauthprovider").
		For(&v1alpha1.OAuthProvider{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		// Which callback each has depends on the others.
		Watches(&v1alpha1.OAuthProvider{}, handler.EnqueueRequestsFromMapFunc(kind.Neighbours(r.cache)), builder.WithPredicates(kind.Changes())).
		// A realm's status is what tells that its pods run a provider.
		Watches(&v1alpha1.AuthRealm{}, handler.EnqueueRequestsFromMapFunc(kind.OfRealm(r.cache))).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(kind.OfSecret(r.cache)), builder.OnlyMetadata).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Complete(r)
}
