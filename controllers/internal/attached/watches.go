// SPDX-License-Identifier: Apache-2.0

package attached

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// Changes lets pass what an object's realm must know: its spec, and what of its status
// concerns the realm. The rest of its status is no news.
func (k Kind) Changes() predicate.Predicate { return specOr(k.published) }

// SharedChanges is Changes for what an object's neighbours must know.
func (k Kind) SharedChanges() predicate.Predicate { return specOr(k.shared) }

// specOr lets pass changes of a spec, and those of a status that concern somebody.
func specOr(concerns func(before, after client.Object) bool) predicate.Predicate {
	return predicate.Or(predicate.GenerationChangedPredicate{},
		predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool { return concerns(e.ObjectOld, e.ObjectNew) }})
}

// ToRealm maps an object to its realm.
func (k Kind) ToRealm(_ context.Context, o client.Object) []reconcile.Request {
	if realm := k.realm(o); realm.Name != "" {
		return []reconcile.Request{{NamespacedName: realm}}
	}
	return nil
}

// OfRealm maps a realm to the objects that hang on it.
func (k Kind) OfRealm(r client.Reader) handler.MapFunc {
	return func(ctx context.Context, o client.Object) []reconcile.Request {
		return requests(k.lookUp(ctx, r, realmIndex, key(client.ObjectKeyFromObject(o))))
	}
}

// WithoutRealm maps a realm to the objects that name another one of its name, in another
// namespace, and have none.
func (k Kind) WithoutRealm(r client.Reader) handler.MapFunc {
	return func(ctx context.Context, o client.Object) []reconcile.Request {
		return requests(slices.DeleteFunc(k.lookUp(ctx, r, realmNameIndex, o.GetName()), func(object client.Object) bool {
			return k.realm(object) == client.ObjectKeyFromObject(o) || meta.IsStatusConditionTrue(*k.status.Conditions(object), v1alpha1.RealmFoundCondition)
		}))
	}
}

// OfSecret maps a Secret to the objects that name it.
func (k Kind) OfSecret(r client.Reader) handler.MapFunc {
	return func(ctx context.Context, o client.Object) []reconcile.Request {
		return requests(k.lookUp(ctx, r, secretIndex, o.GetName(), client.InNamespace(o.GetNamespace())))
	}
}

// OfOwnSecrets maps a realm to the objects, of whichever realm, that name a Secret which
// the operator makes of it.
func (k Kind) OfOwnSecrets(r client.Reader) handler.MapFunc {
	return func(ctx context.Context, o client.Object) []reconcile.Request {
		realm, ok := o.(*v1alpha1.AuthRealm)
		if !ok {
			return nil
		}
		var naming []reconcile.Request
		for _, name := range render.OwnSecrets(realm) {
			naming = append(naming, requests(k.lookUp(ctx, r, secretIndex, name, client.InNamespace(realm.Namespace)))...)
		}
		return naming
	}
}

// Neighbours maps an object to all of its realm, itself among them.
func (k Kind) Neighbours(r client.Reader) handler.MapFunc {
	return func(ctx context.Context, o client.Object) []reconcile.Request {
		return requests(k.lookUp(ctx, r, realmIndex, key(k.realm(o))))
	}
}

// RealmsOfSecret maps a Secret to the realms of the objects, of whichever of the kinds that
// they take up, that name it.
func RealmsOfSecret(r client.Reader) handler.MapFunc {
	return func(ctx context.Context, o client.Object) []reconcile.Request {
		var realms []reconcile.Request
		for _, k := range TakenUp() {
			if k.secret == nil {
				continue
			}
			for _, object := range k.lookUp(ctx, r, secretIndex, o.GetName(), client.InNamespace(o.GetNamespace())) {
				realms = append(realms, k.ToRealm(ctx, object)...)
			}
		}
		return realms
	}
}

// lookUp are the objects that an index has under a name, of every namespace unless an option
// names one. They are the cache's own: nobody writes to them. An error is logged: a watch
// has nobody to return it to.
func (k Kind) lookUp(ctx context.Context, r client.Reader, index, name string, options ...client.ListOption) []client.Object {
	list := k.list()
	if err := r.List(ctx, list, append(options, client.MatchingFields{index: name}, client.UnsafeDisableDeepCopy)...); err != nil {
		log.FromContext(ctx).Error(fmt.Errorf("list %s by %s: %w", k.plural, index, err), "Lost an event", "object", name)
		return nil
	}
	var objects []client.Object
	_ = meta.EachListItem(list, func(o runtime.Object) error {
		if object, ok := o.(client.Object); ok {
			objects = append(objects, object)
		}
		return nil
	})
	return objects
}

func requests(objects []client.Object) []reconcile.Request {
	var all []reconcile.Request
	for _, o := range objects {
		all = append(all, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(o)})
	}
	return all
}
