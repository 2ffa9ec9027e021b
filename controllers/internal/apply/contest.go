// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

const (
	// tolerated is how often within contestWindow an object may be brought back to what
	// it was before somebody else is taken to insist on something else.
	tolerated     = 5
	contestWindow = time.Minute

	// truce is for how long a contested object is left to the other.
	truce = time.Minute
)

// contests are the objects over which the operator and somebody else write again and
// again. Each would undo the other as fast as they can.
type contests struct {
	mu     sync.Mutex
	realms map[types.NamespacedName]map[render.Reference]contest
}

// contest is how often an object was brought back of late, and, once that is too often, why
// it is left alone and until when.
type contest struct {
	restored []time.Time
	failure  *conditions.Failure
	until    time.Time
}

// of is the contest over an object, the zero value for none.
func (c *contests) of(realm types.NamespacedName, ref render.Reference) contest {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.realms[realm][ref]
}

func (c *contests) set(realm types.NamespacedName, ref render.Reference, to contest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.realms == nil {
		c.realms = map[types.NamespacedName]map[render.Reference]contest{}
	}
	if c.realms[realm] == nil {
		c.realms[realm] = map[render.Reference]contest{}
	}
	c.realms[realm][ref] = to
}

// end is for an object that is as it should be. It ends a contest once nobody has changed the
// object for a while: whoever insists may look at it more rarely than the operator does.
func (c *contests) end(realm types.NamespacedName, ref render.Reference, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.realms[realm][ref].recent(now)) == 0 {
		delete(c.realms[realm], ref)
	}
}

// forget is for realms that are gone.
func (c *contests) forget(realm types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.realms, realm)
}

// standing is why an object is left alone now, nil when it is not.
func (c contest) standing(now time.Time) *conditions.Failure {
	if c.failure != nil && now.Before(c.until) {
		return c.failure
	}
	return nil
}

// escalates reports whether the object is contested if it has to be brought back now.
func (c contest) escalates(now time.Time) bool {
	return c.failure != nil || len(c.recent(now)) >= tolerated
}

// restoredNow is the contest after the object was brought back; with a failure, it is left
// alone for a while.
func (c contest) restoredNow(now time.Time, failure *conditions.Failure) contest {
	next := contest{restored: append(c.recent(now), now), failure: failure}
	if failure != nil {
		next.until = now.Add(truce)
	}
	return next
}

func (c contest) recent(now time.Time) []time.Time {
	var recent []time.Time
	for _, at := range c.restored {
		if now.Sub(at) < contestWindow {
			recent = append(recent, at)
		}
	}
	return recent
}

// rewrote reports whether an apply has changed more than an object's status, which others
// write all the time while a cache lags behind them. What the cache had before may be older
// than the last apply, which is then all that has changed it.
func rewrote(last application, before, after metav1.Object) bool {
	if version := after.GetResourceVersion(); version == before.GetResourceVersion() || version == last.version {
		return false
	}
	respecified := before.GetGeneration() != after.GetGeneration() && last.generation != after.GetGeneration()
	return after.GetGeneration() == 0 || respecified ||
		!maps.Equal(before.GetLabels(), after.GetLabels()) || !maps.Equal(before.GetAnnotations(), after.GetAnnotations()) ||
		!equality.Semantic.DeepEqual(before.GetOwnerReferences(), after.GetOwnerReferences())
}

// contested is why to leave an object alone. It names whoever has written it last, as
// long as the API server still knows: our own write takes the others' names away.
func (a *Applier) contested(ctx context.Context, namespace string, ref render.Reference) (*conditions.Failure, error) {
	existing, err := a.LiveMetadata(ctx, namespace, ref)
	if err != nil {
		return nil, err
	}
	who := "another program under the operator's own name, such as a second operator,"
	if existing != nil {
		if last := lastWriter(existing.ManagedFields); last != "" {
			who = fmt.Sprintf("%q", last)
		}
	}
	return conditions.NewFailure(v1alpha1.ReasonContested,
		"%s %q is changed by %s whenever the operator has written it; have one of the two let go. It is left as it is, and tried about once a minute",
		ref.Kind.Kind, ref.Name, who), nil
}

// lastWriter is the field manager, other than the operator, that has written an object
// last, "" for none.
func lastWriter(entries []metav1.ManagedFieldsEntry) string {
	var last metav1.ManagedFieldsEntry
	for _, e := range entries {
		if e.Manager == ownership.FieldOwner || e.Subresource != "" || e.Time == nil {
			continue
		}
		if last.Time == nil || last.Time.Before(e.Time) {
			last = e
		}
	}
	return last.Manager
}
