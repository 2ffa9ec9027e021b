// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// Indexes of providers by what they name: their realm, and the Secret with their
// client secret.
const (
	realmIndex  = "realm"
	secretIndex = "secret"
)

func indexProviders(indexer client.FieldIndexer) error {
	index := func(field string, name func(v1alpha1.OAuthProviderSpec) string) error {
		return indexer.IndexField(context.Background(), &v1alpha1.OAuthProvider{}, field,
			func(o client.Object) []string {
				provider, ok := o.(*v1alpha1.OAuthProvider)
				if !ok {
					return nil
				}
				return []string{name(provider.Spec)}
			})
	}
	return errors.Join(
		index(realmIndex, func(s v1alpha1.OAuthProviderSpec) string { return s.RealmRef.Name }),
		index(secretIndex, func(s v1alpha1.OAuthProviderSpec) string { return s.ClientSecretRef.Name }),
	)
}

// providersBy are the providers that name an object in an index.
func (r *reconciler) providersBy(ctx context.Context, index string, o client.Object) []v1alpha1.OAuthProvider {
	var list v1alpha1.OAuthProviderList
	err := r.List(ctx, &list, client.InNamespace(o.GetNamespace()), client.MatchingFields{index: o.GetName()})
	if err != nil {
		log.FromContext(ctx).Error(fmt.Errorf("list providers by %s: %w", index, err), "Lost an event", "object", o.GetName())
	}
	return list.Items
}

// providersOf maps an object to the providers that name it.
func (r *reconciler) providersOf(index string) handler.MapFunc {
	return func(ctx context.Context, o client.Object) []reconcile.Request {
		var requests []reconcile.Request
		for _, p := range r.providersBy(ctx, index, o) {
			requests = append(requests, request(p.Namespace, p.Name))
		}
		return requests
	}
}

// neighboursOf maps a provider to all of its realm, itself among them: which
// callback each has depends on the others.
func (r *reconciler) neighboursOf(ctx context.Context, o client.Object) []reconcile.Request {
	provider, ok := o.(*v1alpha1.OAuthProvider)
	if !ok {
		return nil
	}
	neighbours, err := r.providersAt(ctx, provider.Namespace, provider.Spec.RealmRef.Name)
	if err != nil {
		log.FromContext(ctx).Error(err, "Lost an event", "object", o.GetName())
	}
	var requests []reconcile.Request
	for _, p := range neighbours {
		requests = append(requests, request(p.Namespace, p.Name))
	}
	return requests
}

// concernsOthers lets pass what a provider's realm and its neighbours must know:
// its spec, and whether it has promised to name itself. The rest of its status is
// no news.
func concernsOthers() predicate.Predicate {
	promises := predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, known := e.ObjectOld.(*v1alpha1.OAuthProvider)
		after, knownStill := e.ObjectNew.(*v1alpha1.OAuthProvider)
		return known && knownStill && before.Status.NamedIssuer != after.Status.NamedIssuer
	}}
	return predicate.Or(predicate.GenerationChangedPredicate{}, promises)
}

// realmOf maps a provider to its realm.
func realmOf(_ context.Context, o client.Object) []reconcile.Request {
	provider, ok := o.(*v1alpha1.OAuthProvider)
	if !ok {
		return nil
	}
	return []reconcile.Request{request(provider.Namespace, provider.Spec.RealmRef.Name)}
}
