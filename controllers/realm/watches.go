// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"fmt"
	"maps"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// setup adds the controller of realms to a manager, and has kinds of others' watched while
// they are there. Through wake, realms are asked to be looked at.
func (r *reconciler) setup(mgr ctrl.Manager, notified bool, wake <-chan event.GenericEvent) error {
	b := ctrl.NewControllerManagedBy(mgr).
		Named("authrealm").
		// Status is the operator's own: a change of it is no news. Annotations give up
		// what was lost.
		For(&v1alpha1.AuthRealm{}, builder.WithPredicates(
			predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Watches(&v1alpha1.AuthRealm{}, handler.EnqueueRequestsFromMapFunc(r.realmsOfIssuer),
			builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.AuthRealm{}, handler.EnqueueRequestsFromMapFunc(r.realmsNamingOwnOf),
			builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		// Its status changes with the load: four times a minute, and is no news.
		Watches(&autoscalingv2.HorizontalPodAutoscaler{}, handler.EnqueueRequestsFromMapFunc(r.realmsOf),
			builder.OnlyMetadata, builder.WithPredicates(predicate.Funcs{UpdateFunc: moreThanStatus})).
		Watches(&v1alpha1.OAuthClient{}, onClient(!notified)).
		WatchesRawSource(source.Channel(wake, &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency, NewQueue: r.newQueue})
	if notified {
		b = b.WatchesRawSource(attached.NamespaceLabels(mgr.GetCache(), onNamespace(mgr.GetClient())))
	}
	for _, kind := range attached.TakenUp() {
		b = b.Watches(kind.Object(), handler.EnqueueRequestsFromMapFunc(kind.ToRealm), builder.WithPredicates(kind.Changes()))
	}
	for _, kind := range watched() {
		// Metadata says that something changed, which is all a watch is for; and
		// the values of Secrets stay out of memory.
		b = b.Watches(kind, handler.EnqueueRequestsFromMapFunc(r.realmsOf), builder.OnlyMetadata)
	}
	for _, kind := range kinds.Workloads() {
		b = b.Watches(kind, handler.EnqueueRequestsFromMapFunc(r.realmsOf))
	}
	realms, err := b.Build(r.gate())
	if err != nil {
		return err
	}
	asking, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return fmt.Errorf("create discovery client: %w", err)
	}
	r.kinds = kinds.NewRegistry(asking, r.now, kinds.Watches{
		Begin: func(_ context.Context, kind client.Object) error {
			return realms.Watch(source.Kind(mgr.GetCache(), kind, handler.EnqueueRequestsFromMapFunc(r.realmsOf)))
		},
		End: func(ctx context.Context, kind client.Object) error { return mgr.GetCache().RemoveInformer(ctx, kind) },
	}, notified)
	return nil
}

// moreThanStatus reports whether more than an object's status has changed. Before
// Kubernetes 1.37 an autoscaler has no generation to tell it by.
func moreThanStatus(e event.UpdateEvent) bool {
	before, after := e.ObjectOld, e.ObjectNew
	return after.GetGeneration() == 0 || before.GetGeneration() != after.GetGeneration() ||
		before.GetDeletionTimestamp().IsZero() != after.GetDeletionTimestamp().IsZero() ||
		!maps.Equal(before.GetLabels(), after.GetLabels()) ||
		!equality.Semantic.DeepEqual(before.GetOwnerReferences(), after.GetOwnerReferences())
}

// watched are the kinds of which realms are made, beside the workloads.
func watched() []client.Object {
	return []client.Object{
		&corev1.Secret{}, &corev1.ConfigMap{}, &corev1.Service{}, &corev1.ServiceAccount{},
		&policyv1.PodDisruptionBudget{},
		&networkingv1.Ingress{}, &networkingv1.NetworkPolicy{},
	}
}

// namesIndex finds the realms that an object's name concerns.
const namesIndex = "names"

func indexNames(indexer client.FieldIndexer, images render.Images) error {
	return indexer.IndexField(context.Background(), &v1alpha1.AuthRealm{}, namesIndex,
		func(o client.Object) []string {
			realm, ok := o.(*v1alpha1.AuthRealm)
			if !ok {
				return nil
			}
			return append(render.NamesToWatch(realm), images.PullSecrets...)
		})
}

// realmsOf are the realms that an object concerns, by its name alone. Owner
// references would miss the Secrets a realm or one of its providers only reads,
// those that outlive it, and an object of somebody else's that stands in the way
// of one of its own.
func (r *reconciler) realmsOf(ctx context.Context, o client.Object) []reconcile.Request {
	return append(r.realmsByName(ctx, o.GetNamespace(), o.GetName()), attached.RealmsOfSecret(r)(ctx, o)...)
}

// realmsNamingOwnOf are the realms that name what the operator makes of a realm. Whether
// they may depends on that realm, also while nothing of it is there yet.
func (r *reconciler) realmsNamingOwnOf(ctx context.Context, o client.Object) []reconcile.Request {
	realm, ok := o.(*v1alpha1.AuthRealm)
	if !ok {
		return nil
	}
	var requests []reconcile.Request
	for _, name := range slices.Concat(render.OwnSecrets(realm), render.OwnConfigMaps(realm)) {
		requests = append(requests, r.realmsByName(ctx, realm.Namespace, name)...)
		requests = append(requests, attached.RealmsOfSecret(r)(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: realm.Namespace, Name: name}})...)
	}
	return requests
}

// realmsByName are the realms of a namespace that an object of the name concerns.
func (r *reconciler) realmsByName(ctx context.Context, namespace, name string) []reconcile.Request {
	var realms v1alpha1.AuthRealmList
	err := r.List(ctx, &realms, client.InNamespace(namespace), client.MatchingFields{namesIndex: name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		log.FromContext(ctx).Error(fmt.Errorf("list realms by name: %w", err), "Lost an event", "object", name)
		return nil
	}
	var requests []reconcile.Request
	for _, realm := range realms.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&realm)})
	}
	return requests
}

// wakeWanting asks for a pass over each realm that asks for a kind.
func (r *reconciler) wakeWanting(wake chan<- event.GenericEvent) func(context.Context, schema.GroupVersionKind) error {
	return func(ctx context.Context, kind schema.GroupVersionKind) error {
		var realms v1alpha1.AuthRealmList
		if err := r.List(ctx, &realms); err != nil {
			return fmt.Errorf("list realms: %w", err)
		}
		for i := range realms.Items {
			if !slices.Contains(render.CustomKindsWanted(&realms.Items[i]), kind) {
				continue
			}
			select {
			case wake <- event.GenericEvent{Object: &realms.Items[i]}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}
}
