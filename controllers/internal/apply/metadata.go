// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// Metadata reads what is known of an object: from the cache, and where the
// cache knows nothing from the API server, because what exists must not be
// taken over by mistake. It returns nil when there is no such object.
func (a *Applier) Metadata(ctx context.Context, namespace string, ref render.Reference) (*metav1.PartialObjectMetadata, error) {
	if o, err := a.cached(ctx, namespace, ref); o != nil || err != nil {
		return o, err
	}
	return metadataFrom(ctx, a.live, namespace, ref)
}

// LiveMetadata is Metadata of an object of a kind that nobody watches.
func (a *Applier) LiveMetadata(ctx context.Context, namespace string, ref render.Reference) (*metav1.PartialObjectMetadata, error) {
	return metadataFrom(ctx, a.live, namespace, ref)
}

// watchTimeout is how long the watch of a kind may take to begin. That of a kind
// which has just gone never does.
const watchTimeout = 10 * time.Second

// cached is Metadata as far as the cache goes.
func (a *Applier) cached(ctx context.Context, namespace string, ref render.Reference) (*metav1.PartialObjectMetadata, error) {
	ctx, cancel := context.WithTimeout(ctx, watchTimeout)
	defer cancel()
	o, err := metadataFrom(ctx, a.client, namespace, ref)
	var unwatched *cache.ErrResourceNotCached
	if errors.As(err, &unwatched) {
		return nil, nil // of a kind that has gone meanwhile
	}
	return o, err
}

func metadataFrom(ctx context.Context, from client.Reader, namespace string, ref render.Reference) (*metav1.PartialObjectMetadata, error) {
	o := kinds.Metadata(ref.Kind)
	err := from.Get(ctx, types.NamespacedName{Namespace: namespace, Name: ref.Name}, o)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get %s %s: %w", ref.Kind.Kind, ref.Name, err)
	}
	return o, nil
}
