// SPDX-License-Identifier: Apache-2.0

package installation

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Gate keeps a reconciler from objects of namespaces that are another installation's.
type Gate struct {
	Rivals *Rivals
	Next   reconcile.Reconciler

	// Object is one of the kind, which is read from Reader, a cache.
	Object client.Object
	Reader client.Reader

	// Tell is called once of each object that is left to another installation, nil for
	// nobody to tell.
	Tell func(object client.Object, to types.NamespacedName)

	mu   sync.Mutex
	told map[types.NamespacedName]types.NamespacedName
}

// Reconcile looks again soon at what is another installation's: that may end without
// anybody being told.
func (g *Gate) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	to, err := g.Rivals.InCharge(ctx, req.Namespace)
	switch {
	case err != nil:
		return ctrl.Result{}, err
	case to == nil:
		return g.work(ctx, req)
	}
	object, ok := g.Object.DeepCopyObject().(client.Object)
	if !ok {
		return ctrl.Result{}, fmt.Errorf("%T is no object", g.Object)
	}
	if err := g.Reader.Get(ctx, req.NamespacedName, object); err != nil {
		g.note(req.NamespacedName, types.NamespacedName{})
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if g.note(req.NamespacedName, *to) && g.Tell != nil {
		log.FromContext(ctx).Info("Standing back from what is another installation's", "lease", to.String())
		g.Tell(object, *to)
	}
	return ctrl.Result{RequeueAfter: lookAgain}, nil
}

// work has an object reconciled that is this installation's.
func (g *Gate) work(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	wait, err := g.Rivals.Wait(ctx, req.Namespace)
	if err != nil || wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, err
	}
	if g.note(req.NamespacedName, types.NamespacedName{}) {
		log.FromContext(ctx).Info("Taking over from another installation of the operator")
	}
	return g.Next.Reconcile(ctx, req)
}

// note remembers to which installation an object is left, an empty name for none, and
// reports whether that is news.
func (g *Gate) note(object, to types.NamespacedName) (news bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.told[object] == to {
		return false
	}
	if g.told == nil {
		g.told = map[types.NamespacedName]types.NamespacedName{}
	}
	if g.told[object] = to; to == (types.NamespacedName{}) {
		delete(g.told, object)
	}
	return true
}
