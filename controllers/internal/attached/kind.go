// SPDX-License-Identifier: Apache-2.0

package attached

import (
	"context"
	"errors"

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

	// realm and secret name what an object refers to. There is no secret of a kind that
	// names none.
	realm, secret func(client.Object) string

	// status says where the status has its conditions.
	status status.Kind

	// published reports whether a change of an object's status is one that its realm must
	// know, and shared whether its neighbours must.
	published, shared func(before, after client.Object) bool

	// uptake is how far a realm's pods have taken up the object of a name.
	uptake func(realm *v1alpha1.AuthRealm, name string) Uptake
}

// Kinds are all kinds that hang on realms.
func Kinds() []Kind { return []Kind{ProviderKind()} }

// Object is an empty object of the kind.
func (k Kind) Object() client.Object { return k.object }

// Indexes of attached objects by what they name.
const (
	realmIndex  = "realm"
	secretIndex = "secret"
)

// Index adds the indexes of all Kinds.
func Index(indexer client.FieldIndexer) error {
	var failures []error
	for _, k := range Kinds() {
		for field, name := range map[string]func(client.Object) string{realmIndex: k.realm, secretIndex: k.secret} {
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
	return errors.Join(failures...)
}

// named lets a Kind ask an object of its kind for a name.
func named[O client.Object](name func(O) string) func(client.Object) string {
	return func(o client.Object) string {
		typed, ok := o.(O)
		if !ok {
			return ""
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
