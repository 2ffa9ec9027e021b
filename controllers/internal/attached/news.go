// SPDX-License-Identifier: Apache-2.0

package attached

import (
	"context"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// underWay is how long the objects of a realm that has begun to take them up wait for it to
// be done before they say that it is not. Most often it is by then.
const underWay = 5 * time.Second

// tellUptake has the objects that hang on a realm looked at when the realm comes or goes,
// its spec or its annotations change in what concerns them, or its pods have taken up
// another revision of them.
// The rest of a realm's status is no news to them.
func (k Kind) tellUptake(r client.Reader) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	all := handler.Funcs{}
	everything := handler.EnqueueRequestsFromMapFunc(k.OfRealm(r))
	all.CreateFunc, all.DeleteFunc, all.GenericFunc = everything.Create, everything.Delete, everything.Generic
	all.UpdateFunc = func(ctx context.Context, e event.UpdateEvent, q queue) {
		before, known := e.ObjectOld.(*v1alpha1.AuthRealm)
		after, knownStill := e.ObjectNew.(*v1alpha1.AuthRealm)
		if !known || !knownStill {
			return
		}
		asked := before.UID != after.UID || k.concerns(before, after)
		if !asked && k.uptake == nil {
			return
		}
		for _, o := range k.lookUp(ctx, r, realmIndex, key(client.ObjectKeyFromObject(after))) {
			var was, is Uptake
			if k.uptake != nil {
				was, is = k.uptake(before, o.GetName()), k.uptake(after, o.GetName())
			}
			request := reconcile.Request{NamespacedName: client.ObjectKeyFromObject(o)}
			switch {
			case asked || was != is && (was.Everywhere || is.Everywhere):
				q.Add(request)
			case was != is:
				q.AddAfter(request, underWay)
			}
		}
	}
	return all
}
