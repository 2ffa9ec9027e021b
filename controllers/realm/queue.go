// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// bornPriority is that of a realm of which nothing was said yet. It comes after what changes
// of those that run, however many are born at once, and before what an operator looks at
// since it starts.
const bornPriority = handler.LowPriority / 2

// bornPatience is after how long a realm of which nothing was said yet comes in its turn with
// what changes: those that run may never be at rest, such as where their pods find no node.
const bornPatience = 5 * time.Minute

// queue has the realms to look at.
type queue struct {
	priorityqueue.PriorityQueue[reconcile.Request]

	// born reports whether nothing was said yet of a realm, and patience is for how long it
	// comes after others because of that.
	born     func(types.NamespacedName) bool
	patience time.Duration
}

// newQueue is a queue for a controller.
func (r *reconciler) newQueue(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	return queue{priorityqueue.New(name, func(o *priorityqueue.Opts[reconcile.Request]) { o.RateLimiter = limiter }), r.born, bornPatience}
}

// born reports whether nothing was said yet of a realm, as far as the cache knows.
func (r *reconciler) born(name types.NamespacedName) bool {
	realm := &v1alpha1.AuthRealm{}
	err := r.Get(context.Background(), name, realm, client.UnsafeDisableDeepCopy)
	return err == nil && len(realm.Status.Conditions) == 0
}

// Add implements workqueue.TypedInterface.
func (q queue) Add(item reconcile.Request) { q.AddWithOpts(priorityqueue.AddOpts{}, item) }

// AddAfter implements workqueue.TypedDelayingInterface.
func (q queue) AddAfter(item reconcile.Request, after time.Duration) {
	q.AddWithOpts(priorityqueue.AddOpts{After: after}, item)
}

// AddRateLimited implements workqueue.TypedRateLimitingInterface.
func (q queue) AddRateLimited(item reconcile.Request) {
	q.AddWithOpts(priorityqueue.AddOpts{RateLimited: true}, item)
}

// AddWithOpts implements priorityqueue.PriorityQueue. A priority that is given stays.
func (q queue) AddWithOpts(options priorityqueue.AddOpts, items ...reconcile.Request) {
	for _, item := range items {
		of := options
		if of.Priority == nil && q.born(item.NamespacedName) {
			of.Priority = new(bornPriority)
			time.AfterFunc(q.patience, func() { q.overdue(item) })
		}
		q.PriorityQueue.AddWithOpts(of, item)
	}
}

// overdue lets a realm come in its turn, unless something was said of it meanwhile.
func (q queue) overdue(item reconcile.Request) {
	if q.born(item.NamespacedName) {
		q.PriorityQueue.AddWithOpts(priorityqueue.AddOpts{}, item)
	}
}
