// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
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
	o, err := cachedMetadata(ctx, a.client, namespace, ref)
	var unwatched *cache.ErrResourceNotCached
	if errors.As(err, &unwatched) {
		return nil, nil // of a kind that has gone meanwhile
	}
	return o, err
}

// cachedMetadata is metadataFrom a cache, which has all of a workload but its template.
func cachedMetadata(ctx context.Context, from client.Reader, namespace string, ref render.Reference) (*metav1.PartialObjectMetadata, error) {
	workload := kinds.Workload(ref.Kind)
	if workload == nil {
		return metadataFrom(ctx, from, namespace, ref)
	}
	found, err := get(ctx, from, namespace, ref, workload)
	if !found || err != nil {
		return nil, err
	}
	o := kinds.Metadata(ref.Kind)
	switch workload := workload.(type) {
	case *appsv1.Deployment:
		o.ObjectMeta = workload.ObjectMeta
	case *appsv1.StatefulSet:
		o.ObjectMeta = workload.ObjectMeta
	}
	return o, nil
}

func metadataFrom(ctx context.Context, from client.Reader, namespace string, ref render.Reference) (*metav1.PartialObjectMetadata, error) {
	o := kinds.Metadata(ref.Kind)
	found, err := get(ctx, from, namespace, ref, o)
	if !found || err != nil {
		return nil, err
	}
	return o, nil
}

// get reads an object, and reports whether there is one.
func get(ctx context.Context, from client.Reader, namespace string, ref render.Reference, into client.Object) (bool, error) {
	err := from.Get(ctx, types.NamespacedName{Namespace: namespace, Name: ref.Name}, into)
	switch {
	case apierrors.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("get %s %s: %w", ref.Kind.Kind, ref.Name, err)
	}
	return true, nil
}
