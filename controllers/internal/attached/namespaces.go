// SPDX-License-Identifier: Apache-2.0

package attached

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// NamespaceLabels tells of namespaces whose labels have changed, which say whether realms
// take their clients.
func NamespaceLabels(c cache.Cache, to handler.EventHandler) source.Source {
	return source.Kind[client.Object](c, kinds.Metadata(corev1.SchemeGroupVersion.WithKind("Namespace")), to, predicate.LabelChangedPredicate{})
}

// ClientsElsewhere are the clients of a namespace that ask for realms of others, and so
// depend on its labels. They are the cache's own: nobody writes to them. It has nobody to
// tell of an error but the log.
func ClientsElsewhere(ctx context.Context, r client.Reader, namespace string) []*v1alpha1.OAuthClient {
	clients, err := listClients(ctx, r, client.InNamespace(namespace))
	if err != nil {
		log.FromContext(ctx).Error(fmt.Errorf("list clients of a namespace: %w", err), "Lost an event", "namespace", namespace)
	}
	var elsewhere []*v1alpha1.OAuthClient
	for i := range clients {
		if render.RealmOfClient(&clients[i]).Namespace != namespace {
			elsewhere = append(elsewhere, &clients[i])
		}
	}
	return elsewhere
}
