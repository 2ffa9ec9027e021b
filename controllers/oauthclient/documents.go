// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/examples"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
)

// documents writes the documents of realms' clients, and asks pods how far they have come
// with them. A pass looks at those documents alone of which something has changed.
type documents struct {
	client.Client
	live client.Reader

	board    *board
	examples *examples.Prover
	cluster  *ownCluster
	ask      podstatus.Ask
	now      func() time.Time

	// oneNamespace says that no realm of another namespace can be seen.
	oneNamespace bool

	// wake asks for passes over clients.
	wake chan<- event.GenericEvent
}

// Reconcile makes one pass over a realm.
func (d *documents) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	return requeue.OnConflict(func() (ctrl.Result, error) { return d.pass(ctx, req.NamespacedName) })
}

func (d *documents) pass(ctx context.Context, name types.NamespacedName) (ctrl.Result, error) {
	realm := &v1alpha1.AuthRealm{}
	err := d.Get(ctx, name, realm)
	if apierrors.IsNotFound(err) || err == nil && realm.DeletionTimestamp != nil {
		d.board.forget(name)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("get realm: %w", err)
	}
	next, err := d.writeAll(ctx, realm)
	if err != nil {
		return ctrl.Result{}, err
	}
	look, err := d.writeClusters(ctx, realm)
	if err != nil {
		return ctrl.Result{}, err
	}
	next = requeue.Soonest(next, look)
	askAgain, err := d.observe(ctx, realm)
	if err != nil {
		return ctrl.Result{}, err
	}
	now := d.now()
	if askAgain > 0 {
		next = requeue.Soonest(next, now.Add(askAgain))
	}
	result := ctrl.Result{}
	if !next.IsZero() {
		result.RequeueAfter = max(next.Sub(now), settle)
	}
	return result, d.tell(ctx, name)
}

// writeAll writes the documents of which something has changed, and returns when the next
// are to be written, zero for when something changes. One that cannot be written does not
// keep back the others, and is tried again if it may be.
func (d *documents) writeAll(ctx context.Context, realm *v1alpha1.AuthRealm) (next time.Time, err error) {
	name := client.ObjectKeyFromObject(realm)
	due, next := d.board.take(name, d.now())
	read, err := d.readTogether(ctx, realm, due)
	ended := []error{err} // without what was read together, each is read by itself
	for _, n := range due {
		failure, err := conditions.Classify(d.write(ctx, realm, n, read))
		d.board.failed(name, n, failure)
		again := failure != nil && conditions.Retryable(failure.Reason)
		if err != nil || again {
			d.board.mark(name, n)
		}
		if again {
			next = requeue.Soonest(next, d.now().Add(requeue.Retry(realm.UID)))
		}
		ended = append(ended, err)
	}
	return requeue.Soonest(next, d.board.begins(name)), errors.Join(ended...)
}

// readTogether reads the ConfigMaps of a realm by one request, by name, when there may be
// several of these documents: all are looked at when the operator starts.
func (d *documents) readTogether(ctx context.Context, realm *v1alpha1.AuthRealm, documents []int) (map[string]*corev1.ConfigMap, error) {
	several := 0
	for _, n := range documents {
		clients, err := attached.ClientsInShard(ctx, d, client.ObjectKeyFromObject(realm), n)
		if err != nil {
			return nil, err
		}
		wanted := len(clients) > 0 || d.board.knows(client.ObjectKeyFromObject(realm), n)
		if exists, err := d.mayExist(ctx, documentKey(realm, n), wanted); err != nil {
			return nil, err
		} else if exists {
			several++
		}
	}
	if several < 2 {
		return nil, nil
	}
	var list corev1.ConfigMapList
	if err := d.live.List(ctx, &list, client.InNamespace(realm.Namespace), client.MatchingLabels{render.RealmLabel: realm.Name}); err != nil {
		return nil, fmt.Errorf("list ConfigMaps of realm: %w", err)
	}
	read := make(map[string]*corev1.ConfigMap, len(list.Items))
	for i := range list.Items {
		read[list.Items[i].Name] = &list.Items[i]
	}
	return read, nil
}

// tell asks for a pass over each client of which something else is known than before.
func (d *documents) tell(ctx context.Context, realm types.NamespacedName) error {
	for _, n := range d.board.takeNews(realm) {
		clients, err := attached.ClientsInShard(ctx, d, realm, n)
		if err != nil {
			return err
		}
		for i := range clients {
			if !d.board.untold(realm, render.ClientID(&clients[i])) {
				continue
			}
			select {
			case d.wake <- event.GenericEvent{Object: &clients[i]}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}
