// SPDX-License-Identifier: Apache-2.0

package ownership

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// Own tells which Secrets and ConfigMaps are the operator's own. No spec may name one of
// them: what a realm's pods read can be sent to a server of somebody's choice, as a
// client secret, as a password or as a token, and so could be a realm's signing keys.
type Own struct{ cache, live client.Reader }

// NewOwn is an Own that finds realms and the metadata of Deployments in a cache that has
// Index, and what must not be decided on stale knowledge in live, which is none.
func NewOwn(cache, live client.Reader) Own { return Own{cache, live} }

// Secret reports whether a Secret is the operator's own. It is by its name alone, whether
// or not it is there yet, where a realm of the namespace has one of the name or nobody
// else has a use for it; and by its owner or its mark, where existing is not nil, of
// whatever name.
func (o Own) Secret(ctx context.Context, namespace, name string, existing metav1.Object) (bool, error) {
	if render.NamedAsOwn(name) || existing != nil && marked(existing) {
		return true, nil
	}
	return o.ofARealm(ctx, secretsIndex, namespace, name)
}

// ConfigMap is Secret for a ConfigMap.
func (o Own) ConfigMap(ctx context.Context, namespace, name string, existing metav1.Object) (bool, error) {
	if existing != nil && marked(existing) {
		return true, nil
	}
	return o.ofARealm(ctx, configMapsIndex, namespace, name)
}

// marked reports whether an object says that it is some realm's.
func marked(o metav1.Object) bool { return render.RealmOf(o.GetLabels()) != "" || OfAnyRealm(o) }

// ofARealm reports whether a realm of the namespace has an object of the name.
func (o Own) ofARealm(ctx context.Context, index, namespace, name string) (bool, error) {
	var realms v1alpha1.AuthRealmList
	err := o.cache.List(ctx, &realms, client.InNamespace(namespace), client.MatchingFields{index: name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return false, fmt.Errorf("list realms by %s: %w", index, err)
	}
	return len(realms.Items) > 0, nil
}

// Indexes of realms by the names of what the operator makes of them.
const (
	secretsIndex    = "own secrets"
	configMapsIndex = "own config maps"
)

// Index adds the indexes that Own needs.
func Index(indexer client.FieldIndexer) error {
	for index, names := range map[string]func(*v1alpha1.AuthRealm) []string{
		secretsIndex: render.OwnSecrets, configMapsIndex: render.OwnConfigMaps,
	} {
		err := indexer.IndexField(context.Background(), &v1alpha1.AuthRealm{}, index, func(o client.Object) []string {
			realm, ok := o.(*v1alpha1.AuthRealm)
			if !ok {
				return nil
			}
			return names(realm)
		})
		if err != nil {
			return fmt.Errorf("index realms by %s: %w", index, err)
		}
	}
	return nil
}
