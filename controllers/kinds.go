// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// +kubebuilder:rbac:groups=cert-manager.io,resources=certificates,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=backendtlspolicies;httproutes,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=podmonitors;prometheusrules,verbs=create;delete;get;list;patch;watch

const (
	// stale is how old an answer about a kind may be where nobody tells of a change.
	stale = time.Minute
	// relook is when a realm asks there again for a kind that the cluster lacked.
	relook = 5 * time.Minute
)

// kinds knows which of render.CustomKinds the cluster has, and has those
// watched. They come and go while the operator runs.
type kinds struct {
	discovery *discovery.DiscoveryClient
	now       func() time.Time

	// watch begins and forget ends the watch of a kind's objects.
	watch, forget func(context.Context, client.Object) error

	// told is false where the operator may see one namespace alone: kinds
	// belong to the cluster, and so nobody tells it of new ones.
	told bool

	mu   sync.Mutex
	seen map[schema.GroupVersionKind]sighting
}

// sighting is what was last seen of a kind.
type sighting struct {
	there bool
	at    time.Time
}

// there reports whether the API server has a kind.
func (k *kinds) there(ctx context.Context, kind schema.GroupVersionKind) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	last, found := k.seen[kind]
	if found && (k.told || k.now().Sub(last.at) < stale) {
		return last.there, nil
	}
	there, err := k.look(ctx, kind)
	if err != nil && found {
		return last.there, nil // a kind that was there a minute ago is not gone for an answer that fails
	}
	return there, err
}

// lookAgain is there, whatever was seen before, and whether that has changed.
func (k *kinds) lookAgain(ctx context.Context, kind schema.GroupVersionKind) (there, changed bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	before, found := k.seen[kind]
	there, err = k.look(ctx, kind)
	return there, found && there != before.there, err
}

// look asks the API server for a kind. One look at a time: what an earlier one
// has found must not replace what a later one did.
func (k *kinds) look(ctx context.Context, kind schema.GroupVersionKind) (bool, error) {
	list, err := k.discovery.ServerResourcesForGroupVersionWithContext(ctx, kind.GroupVersion().String())
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("look for kind %s: %w", kind.Kind, err)
	}
	there := err == nil && slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Kind == kind.Kind })
	err = nil
	switch was := k.seen[kind].there; {
	case there && !was:
		err = k.watch(ctx, metadataOf(kind))
	case was && !there:
		// What cannot be listed any longer would be tried, and complained of, for ever.
		err = k.forget(ctx, metadataOf(kind))
	}
	if err != nil {
		return false, fmt.Errorf("watch kind %s: %w", kind.Kind, err)
	}
	k.seen[kind] = sighting{there: there, at: k.now()}
	return there, nil
}

func metadataOf(kind schema.GroupVersionKind) *metav1.PartialObjectMetadata {
	o := &metav1.PartialObjectMetadata{}
	o.SetGroupVersionKind(kind)
	return o
}

// lacking is a failure that says which of the kinds that a field of the spec
// needs are missing, or why nobody knows; nil when none is.
func (g gathered) lacking(field, provider string, kinds ...schema.GroupVersionKind) *conditions.Failure {
	for _, kind := range kinds {
		if o := g.unasked[kind]; o != nil {
			return o
		}
		if slices.Contains(g.lacks, kind) {
			return conditions.NewFailure(v1alpha1.ReasonKindNotInstalled,
				"%s: the cluster has no kind %s of %s; install %s, or leave the field out",
				field, kind.Kind, kind.GroupVersion(), provider)
		}
	}
	return nil
}

// gatherKinds finds out which kinds there are to apply and to remove.
func (r *reconciler) gatherKinds(ctx context.Context, _ *v1alpha1.AuthRealm, g *gathered) error {
	g.untold, g.unasked = !r.kinds.told, map[schema.GroupVersionKind]*conditions.Failure{}
	for _, kind := range render.CustomKinds() {
		there, err := r.kinds.there(ctx, kind)
		failure, err := g.classify(err)
		switch {
		case err != nil:
			return err
		case failure != nil:
			g.unasked[kind] = failure
		case !there:
			g.lacks = append(g.lacks, kind)
		}
	}
	return nil
}

// waitsUntold reports whether the realm waits for a kind of which nobody would tell.
func (g gathered) waitsUntold() bool {
	return g.untold && slices.ContainsFunc(render.CustomKindsWanted(g.inputs.Realm), func(kind schema.GroupVersionKind) bool {
		return slices.Contains(g.lacks, kind)
	})
}
