// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/installation"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// settle is how long a document waits for further changes before it is written: clients are
// often made together, and pods take longer by far.
const settle = 500 * time.Millisecond

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// setup adds the controller of documents to a manager.
func (d *documents) setup(mgr ctrl.Manager, options Options) error {
	b := ctrl.NewControllerManagedBy(mgr).
		Named("oauthclient-documents").
		Watches(&v1alpha1.AuthRealm{}, d.onRealm(), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.AuthRealm{}, d.onKeys(), builder.WithPredicates(predicate.Funcs{
			CreateFunc: func(event.CreateEvent) bool { return false },
			UpdateFunc: func(e event.UpdateEvent) bool {
				before, known := e.ObjectOld.(*v1alpha1.AuthRealm)
				after, knownStill := e.ObjectNew.(*v1alpha1.AuthRealm)
				return known && knownStill && signingOf(before) != signingOf(after)
			},
			DeleteFunc:  func(event.DeleteEvent) bool { return false },
			GenericFunc: func(event.GenericEvent) bool { return false },
		})).
		Watches(&v1alpha1.OAuthClient{}, d.onClient()).
		Watches(&corev1.ConfigMap{}, handler.Funcs{
			UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) { d.onConfigMap(ctx, e.ObjectNew, q) },
			DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) { d.onConfigMap(ctx, e.Object, q) },
		}, builder.OnlyMetadata).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency})
	if !options.OneNamespace {
		b = b.WatchesRawSource(attached.NamespaceLabels(mgr.GetCache(), d.onNamespace()))
	}
	return b.Complete(&installation.Gate{Rivals: options.Rivals, Next: d, Object: &v1alpha1.AuthRealm{}, Reader: mgr.GetClient()})
}

// onRealm has all documents of a realm looked at whose spec has changed. It waits for its
// clients, of which an operator that starts hears at the same time.
func (d *documents) onRealm() handler.EventHandler {
	look := func(o client.Object, q queue) {
		d.board.markAll(client.ObjectKeyFromObject(o))
		q.AddAfter(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(o)}, settle)
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { look(e.Object, q) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) { look(e.ObjectNew, q) },
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) { look(e.Object, q) },
	}
}

// onKeys has the documents of a realm looked at in which clients wait for a key.
func (d *documents) onKeys() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		if !d.board.markAwaiting(client.ObjectKeyFromObject(o)) {
			return nil
		}
		return []reconcile.Request{{NamespacedName: client.ObjectKeyFromObject(o)}}
	})
}

// onClient has the document looked at that a client is in, when what it is made of has
// changed.
func (d *documents) onClient() handler.EventHandler {
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { d.mark(e.Object, q) },
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) { d.mark(e.Object, q) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) {
			before, known := e.ObjectOld.(*v1alpha1.OAuthClient)
			after, knownStill := e.ObjectNew.(*v1alpha1.OAuthClient)
			if known && knownStill && (before.UID != after.UID || before.Generation != after.Generation ||
				before.DeletionTimestamp.IsZero() != after.DeletionTimestamp.IsZero() ||
				!slices.EqualFunc(before.Status.Secrets, after.Status.Secrets, sameSecret)) {
				d.mark(before, q)
				d.mark(after, q)
			}
		},
	}
}

// sameSecret reports whether pods are told the same of two secrets.
func sameSecret(a, b v1alpha1.ClientSecretStatus) bool { return a.ID == b.ID && a.SHA256 == b.SHA256 }

// mark has the document looked at that a client is in.
func (d *documents) mark(o client.Object, q queue) {
	if c, ok := o.(*v1alpha1.OAuthClient); ok {
		realm := render.RealmOfClient(c)
		if d.oneNamespace && realm.Namespace != c.Namespace {
			return
		}
		d.board.mark(realm, realmconfig.ClientShard(render.ClientID(c)))
		if workload, _ := render.IsWorkload(c); workload {
			d.board.markClusters(realm)
		}
		q.AddAfter(reconcile.Request{NamespacedName: realm}, settle)
	}
}

// onConfigMap has a document looked at that somebody has changed, or made room for.
func (d *documents) onConfigMap(_ context.Context, o client.Object, q queue) {
	if realm, n, ok := render.ClientsOf(o.GetName()); ok {
		name := types.NamespacedName{Namespace: o.GetNamespace(), Name: realm}
		d.board.mark(name, n)
		q.AddAfter(reconcile.Request{NamespacedName: name}, settle)
	}
	if realm, ok := render.ClustersOf(o.GetName()); ok {
		name := types.NamespacedName{Namespace: o.GetNamespace(), Name: realm}
		d.board.markClusters(name)
		q.AddAfter(reconcile.Request{NamespacedName: name}, settle)
	}
}

// onNamespace has the documents looked at in which clients of a namespace may come or go.
func (d *documents) onNamespace() handler.EventHandler {
	elsewhere := func(ctx context.Context, o client.Object, q queue) {
		for _, c := range attached.ClientsElsewhere(ctx, d, o.GetName()) {
			d.mark(c, q)
		}
	}
	return handler.Funcs{UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) { elsewhere(ctx, e.ObjectNew, q) }}
}

// clientsElsewhere maps a namespace to its clients that ask for realms of other namespaces.
func clientsElsewhere(r client.Reader) handler.MapFunc {
	return func(ctx context.Context, o client.Object) []reconcile.Request {
		var requests []reconcile.Request
		for _, c := range attached.ClientsElsewhere(ctx, r, o.GetName()) {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(c)})
		}
		return requests
	}
}
