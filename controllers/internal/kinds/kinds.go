// SPDX-License-Identifier: Apache-2.0

// Package kinds knows which kinds of others' the API server has: those of
// cert-manager, the Gateway API and the Prometheus operator, which come and go while
// the operator runs.
//
// A Registry answers from what it has last seen, and has the objects of each kind
// that is there watched. Where the operator may see the whole cluster, a
// DefinitionReconciler tells it of changes; elsewhere it asks again after a while.
package kinds

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
)

const (
	// stale is how old an answer about a kind may be where nobody tells of a change.
	stale = time.Minute
	// AskAgain is after how long to ask again for a kind that the cluster lacks, where the
	// Registry is not Notified.
	AskAgain = 5 * time.Minute
)

// Watches begin and end the watch of a kind's objects.
type Watches struct {
	Begin, End func(context.Context, client.Object) error
}

// Registry knows which kinds the API server has, and has those watched.
type Registry struct {
	discovery *discovery.DiscoveryClient
	now       func() time.Time
	watches   Watches
	notified  bool

	mu   sync.Mutex
	seen map[schema.GroupVersionKind]sighting
}

// NewRegistry is a Registry that knows of no kind yet. It is notified of changes by a
// DefinitionReconciler, or else, where the operator may see one namespace alone, asks
// again for itself: kinds belong to the cluster.
func NewRegistry(discovery *discovery.DiscoveryClient, now func() time.Time, watches Watches, notified bool) *Registry {
	return &Registry{discovery: discovery, now: now, watches: watches, notified: notified, seen: map[schema.GroupVersionKind]sighting{}}
}

// Notified reports whether the Registry is notified of kinds that come and go.
func (r *Registry) Notified() bool { return r.notified }

// sighting is what was last seen of a kind.
type sighting struct {
	there bool
	at    time.Time
}

// Has reports whether the API server has a kind.
func (r *Registry) Has(ctx context.Context, kind schema.GroupVersionKind) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, found := r.seen[kind]
	if found && (r.notified || r.now().Sub(last.at) < stale) {
		return last.there, nil
	}
	there, err := r.look(ctx, kind)
	if err != nil && found {
		return last.there, nil // a kind that was there a minute ago is not gone for an answer that fails
	}
	return there, err
}

// Ask asks for a kind, whatever was seen before, and reports whether that has changed.
func (r *Registry) Ask(ctx context.Context, kind schema.GroupVersionKind) (there, changed bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, found := r.seen[kind]
	there, err = r.look(ctx, kind)
	return there, found && there != before.there, err
}

// look asks the API server for a kind. One look at a time: what an earlier one
// has found must not replace what a later one did.
func (r *Registry) look(ctx context.Context, kind schema.GroupVersionKind) (bool, error) {
	list, err := r.discovery.ServerResourcesForGroupVersionWithContext(ctx, kind.GroupVersion().String())
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("look for kind %s: %w", kind.Kind, err)
	}
	there := err == nil && slices.ContainsFunc(list.APIResources, func(k metav1.APIResource) bool { return k.Kind == kind.Kind })
	err = nil
	switch was := r.seen[kind].there; {
	case there && !was:
		err = r.watches.Begin(ctx, Metadata(kind))
	case was && !there:
		// What cannot be listed any longer would be tried, and complained of, for ever.
		err = r.watches.End(ctx, Metadata(kind))
	}
	if err != nil {
		return false, fmt.Errorf("watch kind %s: %w", kind.Kind, err)
	}
	r.seen[kind] = sighting{there: there, at: r.now()}
	return there, nil
}

// Metadata is an empty object of a kind, of which no more than the metadata is read.
func Metadata(kind schema.GroupVersionKind) *metav1.PartialObjectMetadata {
	o := &metav1.PartialObjectMetadata{}
	o.SetGroupVersionKind(kind)
	return o
}
