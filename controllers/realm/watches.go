// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// namesIndex finds the realms that an object's name concerns.
const namesIndex = "names"

func indexNames(indexer client.FieldIndexer) error {
	return indexer.IndexField(context.Background(), &v1alpha1.AuthRealm{}, namesIndex,
		func(o client.Object) []string {
			realm, ok := o.(*v1alpha1.AuthRealm)
			if !ok {
				return nil
			}
			return render.NamesToWatch(realm)
		})
}

// realmsOf are the realms that an object concerns, by its name alone. Owner
// references would miss the Secrets a realm or one of its providers only reads,
// those that outlive it, and an object of somebody else's that stands in the way
// of one of its own.
func (r *reconciler) realmsOf(ctx context.Context, o client.Object) []reconcile.Request {
	var realms v1alpha1.AuthRealmList
	err := r.List(ctx, &realms, client.InNamespace(o.GetNamespace()), client.MatchingFields{namesIndex: o.GetName()})
	if err != nil {
		log.FromContext(ctx).Error(fmt.Errorf("list realms by name: %w", err), "Lost an event", "object", o.GetName())
		return nil
	}
	var requests []reconcile.Request
	for _, realm := range realms.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&realm)})
	}
	return append(requests, attached.RealmsOfSecret(r)(ctx, o)...)
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
