// SPDX-License-Identifier: Apache-2.0

package installation

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,resourceNames=operator.auth.realmkeeper.io;namespace-operator.auth.realmkeeper.io,verbs=list

// lookAgain is how often to look for other installations, and settle for how long one that
// begins to work waits for others, as young or old as they are, to see it and stand back.
const (
	lookAgain = 5 * time.Second
	settle    = 2 * lookAgain
)

// Rivals are the installations that are at work beside this one.
type Rivals struct {
	live client.Reader

	// own is this installation's Lease, empty for an operator that is elected by none.
	own types.NamespacedName

	// watched is the one namespace whose realms it works on, empty for every namespace.
	watched string

	mu     sync.Mutex
	began  time.Time
	looked time.Time
	seen   map[types.NamespacedName]sighting
	alive  []installation
}

// NewRivals are those of the installation whose Lease is own, which is empty for an
// operator that is elected by none: it has a say in nothing. They are looked for through
// live, which is not a cache.
func NewRivals(live client.Reader, own types.NamespacedName, watched string) *Rivals {
	return &Rivals{live: live, own: own, watched: watched, seen: map[types.NamespacedName]sighting{}}
}

// Wait is for how long to leave the realms of a namespace, which are this installation's,
// alone: whoever has worked on them may not have seen it yet. Who is alone waits for
// nobody, but in a namespace of its own it cannot know.
func (r *Rivals) Wait(ctx context.Context, namespace string) (time.Duration, error) {
	all, err := r.at(ctx, namespace)
	if err != nil || r.own.Name != oneNamespace && len(all) < 2 {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return settle - time.Since(r.began), nil
}

// InCharge is the Lease of the installation to which to leave the realms of a namespace,
// nil when they are this one's.
func (r *Rivals) InCharge(ctx context.Context, namespace string) (*types.NamespacedName, error) {
	all, err := r.at(ctx, namespace)
	if err != nil || len(all) == 0 || all[0].lease == r.own {
		return nil, err
	}
	return &all[0].lease, nil
}

// StandingBack are the Leases of the installations that leave the realms of a namespace to
// this one, as far as it can see.
func (r *Rivals) StandingBack(ctx context.Context, namespace string) ([]types.NamespacedName, error) {
	all, err := r.at(ctx, namespace)
	if err != nil || len(all) == 0 || all[0].lease != r.own {
		return nil, err
	}
	var leases []types.NamespacedName
	for _, other := range all[1:] {
		leases = append(leases, other.lease)
	}
	return leases, nil
}

// at are the installations at work in a namespace, the one in charge first.
func (r *Rivals) at(ctx context.Context, namespace string) ([]installation, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.began.IsZero() {
		r.began = time.Now()
	}
	if r.own.Name == oneNamespace {
		return nil, nil // whoever works in its namespace alone is elected by the same Lease
	}
	if r.looked.IsZero() || time.Since(r.looked) >= lookAgain {
		if _, err := r.look(ctx); err != nil {
			return nil, err
		}
	}
	return inCharge(r.alive, namespace), nil
}

// look finds out which installations are at work, and reports whether they are others
// than before.
func (r *Rivals) look(ctx context.Context) (changed bool, err error) {
	now := time.Now()
	seen := map[types.NamespacedName]sighting{}
	var alive []installation
	for _, name := range []string{everywhere, oneNamespace} {
		var leases coordinationv1.LeaseList
		// Of any age, they come out of the API server's memory: the others are its nodes'.
		err := r.live.List(ctx, &leases, client.InNamespace(r.watched), client.MatchingFields{"metadata.name": name},
			&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: "0"}})
		if apierrors.IsForbidden(err) {
			// An operator with fewer rights than it ships with works on as if it were alone.
			log.FromContext(ctx).Info("Other installations of the operator cannot be seen", "reason", err.Error())
			continue
		}
		if err != nil {
			return false, fmt.Errorf("look for other installations: %w", err)
		}
		for i := range leases.Items {
			lease := &leases.Items[i]
			id := client.ObjectKeyFromObject(lease)
			seen[id] = r.seen[id].see(lease, now)
			if id == r.own || seen[id].alive(lease, now) {
				alive = append(alive, installation{id, lease.UID, lease.CreationTimestamp.Time})
			}
		}
	}
	changed = !r.looked.IsZero() && !slices.Equal(r.alive, alive)
	r.looked, r.seen, r.alive = now, seen, alive
	return changed, nil
}

// Watch looks for other installations until ctx ends, and has those told who depend on
// it when there are others than before.
func (r *Rivals) Watch(ctx context.Context, tell func(context.Context) error) error {
	if r.own.Name == oneNamespace {
		return nil
	}
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		r.mu.Lock()
		changed, err := r.look(ctx)
		r.mu.Unlock()
		if err == nil && changed {
			err = tell(ctx)
		}
		if err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "Other installations of the operator were not looked for")
		}
	}
}
