// SPDX-License-Identifier: Apache-2.0

package attached

import (
	"context"
	"errors"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/status"
)

// Kind is a kind whose objects hang on realms.
type Kind struct {
	object client.Object
	list   func() client.ObjectList

	// plural is what messages call the objects.
	plural string

	// realm and secret name what an object refers to, which for the realm may be in
	// another namespace. There is no secret of a kind that names none.
	realm  func(client.Object) types.NamespacedName
	secret func(client.Object) string

	// status says where the status has its conditions.
	status status.Kind

	// published reports whether a change of an object's status is one that its realm must
	// know, and shared whether its neighbours must; nil where none ever is.
	published, shared func(before, after client.Object) bool

	// concerns reports whether a change of a realm's spec or annotations is one that its
	// objects must know.
	concerns func(before, after *v1alpha1.AuthRealm) bool

	// uptake is how far a realm's pods have taken up the object of a name, nil where the
	// realm's status does not tell.
	uptake func(realm *v1alpha1.AuthRealm, name string) Uptake
}

// Kinds are all kinds that hang on realms.
func Kinds() []Kind { return append(TakenUp(), ClientKind()) }

// TakenUp are the kinds whose objects the pass over a realm takes up, of which it has few.
func TakenUp() []Kind { return []Kind{ProviderKind()} }

// Object is an empty object of the kind.
func (k Kind) Object() client.Object { return k.object }

// Indexes of attached objects by what they name.
const (
	// realmIndex is by namespace and name of the realm, realmNameIndex by its name alone.
	realmIndex     = "realm"
	realmNameIndex = "realm name"
	secretIndex    = "secret"
)

// Index adds the indexes of all Kinds.
func Index(indexer client.FieldIndexer) error {
	var failures []error
	for _, k := range Kinds() {
		for field, name := range map[string]func(client.Object) string{
			realmIndex:     func(o client.Object) string { return key(k.realm(o)) },
			realmNameIndex: func(o client.Object) string { return k.realm(o).Name },
			secretIndex:    k.secret,
		} {
			if name == nil {
				continue
			}
			failures = append(failures, indexer.IndexField(context.Background(), k.object, field,
				func(o client.Object) []string {
					if n := name(o); n != "" {
						return []string{n}
					}
					return nil
				}))
		}
	}
	return errors.Join(append(failures, indexClients(indexer))...)
}

// key is a realm in an index, "" for none.
func key(realm types.NamespacedName) string {
	if realm.Name == "" {
		return ""
	}
	return realm.String()
}

// named lets a Kind ask an object of its kind for a name.
func named[O client.Object, N any](name func(O) N) func(client.Object) N {
	return func(o client.Object) (none N) {
		typed, ok := o.(O)
		if !ok {
			return none
		}
		return name(typed)
	}
}

// changed lets a Kind compare two versions of an object of its kind.
func changed[O client.Object](differs func(before, after O) bool) func(before, after client.Object) bool {
	return func(before, after client.Object) bool {
		b, known := before.(O)
		a, knownStill := after.(O)
		return known && knownStill && differs(b, a)
	}
}
