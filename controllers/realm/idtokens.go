// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"errors"
	"slices"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// idTokens is what the realm's clients want of tokens beside the realm's own. Pods that
// still have a client as it was before say so, and rotation waits for them.
type idTokens struct {
	// algorithms are those that clients verify ID tokens with.
	algorithms []realmconfig.Algorithm

	// lifetime is the longest of any token that clients are given, zero when none has
	// a lifetime of its own.
	lifetime time.Duration
}

// idTokenAlgorithms are those that a realm signs ID tokens with: RS256, which every
// client can ask for (OpenID Connect Discovery 1.0, section 3), and what its clients want.
func idTokenAlgorithms(clients idTokens) []realmconfig.Algorithm {
	return append([]realmconfig.Algorithm{realmconfig.RS256}, clients.algorithms...)
}

// covers reports whether keys that do for t do for another as well.
func (t idTokens) covers(another idTokens) bool {
	return t.lifetime >= another.lifetime &&
		!slices.ContainsFunc(another.algorithms, func(a realmconfig.Algorithm) bool { return !slices.Contains(t.algorithms, a) })
}

// and is what both want together.
func (t idTokens) and(another idTokens) idTokens {
	all := slices.Concat(t.algorithms, another.algorithms)
	slices.Sort(all)
	return idTokens{algorithms: slices.Compact(all), lifetime: max(t.lifetime, another.lifetime)}
}

// gatherIDTokens finds out what the realm's clients want. Of ten thousand, few want more
// than those before them, and only these are held against what the realm takes.
func (r *reconciler) gatherIDTokens(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	clients, err := attached.Clients(ctx, r, client.ObjectKeyFromObject(realm))
	if err != nil {
		return err
	}
	for i := range clients {
		wanted := idTokensOf(&clients[i])
		if clients[i].DeletionTimestamp != nil || s.idTokens.covers(wanted) {
			continue
		}
		var refusal *conditions.Failure
		switch err := attached.RefuseClient(ctx, r, realm, &clients[i]); {
		case errors.As(err, &refusal): // which its own status says
		case err != nil:
			return err
		default:
			s.idTokens = s.idTokens.and(wanted)
		}
	}
	return nil
}

// idTokensOf is what one client wants.
func idTokensOf(c *v1alpha1.OAuthClient) idTokens {
	algorithm, longest := render.ClientTokens(c)
	return idTokens{algorithms: []realmconfig.Algorithm{algorithm}, lifetime: longest}
}

// onNamespace has the realms looked at whose clients may come or go with the labels of a
// namespace.
func onNamespace(r client.Reader) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	return handler.Funcs{UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) {
		for _, c := range attached.ClientsElsewhere(ctx, r, e.ObjectNew.GetName()) {
			q.AddAfter(reconcile.Request{NamespacedName: render.RealmOfClient(c)}, settleClients)
		}
	}}
}

// settleClients is how long a pass waits for further clients, which are often made together.
const settleClients = time.Second

// onClient has the realm looked at whose client came, went or has changed. What an operator
// finds as it starts is looked at anyway; one of a single namespace sees no realm of another.
func onClient(oneNamespace bool) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	mark := func(o client.Object, q queue) {
		c, ok := o.(*v1alpha1.OAuthClient)
		if !ok {
			return
		}
		if realm := render.RealmOfClient(c); !oneNamespace || realm.Namespace == c.Namespace {
			q.AddAfter(reconcile.Request{NamespacedName: realm}, settleClients)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) {
			if !e.IsInInitialList {
				mark(e.Object, q)
			}
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) { mark(e.Object, q) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) {
			if e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() {
				mark(e.ObjectOld, q)
				mark(e.ObjectNew, q)
			}
		},
	}
}
