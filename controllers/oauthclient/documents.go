// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/apply"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
)

// documents writes the documents of realms' clients, and asks pods how far they have come
// with them. A pass looks at those documents alone of which something has changed.
type documents struct {
	client.Client
	live client.Reader

	board *board
	ask   podstatus.Ask
	now   func() time.Time

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
		if exists, err := d.mayExist(ctx, realm, n, len(clients) > 0); err != nil {
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

// write makes one document what it should be. Where there are no clients and never were,
// there is none.
func (d *documents) write(ctx context.Context, realm *v1alpha1.AuthRealm, n int, read map[string]*corev1.ConfigMap) error {
	name := client.ObjectKeyFromObject(realm)
	clients, err := attached.ClientsInShard(ctx, d, name, n)
	if err != nil {
		return err
	}
	existing, err := d.existing(ctx, realm, n, len(clients) > 0, read)
	if err != nil {
		return err
	}
	var before realmconfig.ClientDocument
	if existing != nil {
		if err := ownership.Check(realm, "ConfigMap", existing); err != nil {
			return err
		}
		before = documentIn(existing, n)
	}
	if d.oneNamespace { // nobody knows whether those of others have ended
		before.Clients = slices.DeleteFunc(before.Clients, func(c realmconfig.Client) bool { return !strings.HasPrefix(c.ID, realm.Namespace+".") })
	}
	in, says, err := d.gather(ctx, realm, clients, before)
	if err != nil {
		return err
	}
	now := d.now().UTC().Round(0)
	shard, err := render.NewClientShard(in, now)
	if err != nil || existing == nil && len(shard.Document.Clients)+len(shard.Document.Ended) == 0 {
		return err
	}
	encoded, err := realmconfig.EncodeClients(shard.Document)
	if err != nil {
		return err
	}
	if err := d.apply(ctx, realm, n, existing, encoded); err != nil {
		return err
	}
	out := written{revision: realmconfig.Revision(encoded), at: now, clients: map[string]told{}, leftOut: shard.LeftOut, begin: shard.Begin}
	for _, c := range shard.Document.Clients {
		out.clients[c.ID] = says[c.ID]
	}
	d.board.written(name, n, out)
	return nil
}

// existing is the ConfigMap of a document, nil when there is none. Nobody is asked when it
// was read just now, or when none is known and none is wanted.
func (d *documents) existing(
	ctx context.Context, realm *v1alpha1.AuthRealm, n int, wanted bool, read map[string]*corev1.ConfigMap,
) (*corev1.ConfigMap, error) {
	key := documentKey(realm, n)
	if existing, known := read[key.Name]; known {
		return existing, nil
	}
	if exists, err := d.mayExist(ctx, realm, n, wanted); err != nil || !exists {
		return nil, err
	}
	existing := &corev1.ConfigMap{}
	err := d.live.Get(ctx, key, existing)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get ConfigMap %s: %w", key.Name, err)
	}
	return existing, nil
}

// mayExist reports whether a document is wanted or known, by a realm's pass before or by the
// cache.
func (d *documents) mayExist(ctx context.Context, realm *v1alpha1.AuthRealm, n int, wanted bool) (bool, error) {
	if wanted || d.board.knows(client.ObjectKeyFromObject(realm), n) {
		return true, nil
	}
	err := d.Get(ctx, documentKey(realm, n), kinds.Metadata(corev1.SchemeGroupVersion.WithKind("ConfigMap")))
	return err == nil, client.IgnoreNotFound(err)
}

func documentKey(realm *v1alpha1.AuthRealm, n int) types.NamespacedName {
	return types.NamespacedName{Namespace: realm.Namespace, Name: render.NamesOf(realm).Clients(n)}
}

// gather is what a document is made of that takes the place of another, and what it says of
// each client.
func (d *documents) gather(
	ctx context.Context, realm *v1alpha1.AuthRealm, clients []v1alpha1.OAuthClient, before realmconfig.ClientDocument,
) (in render.ClientsInShard, says map[string]told, err error) {
	in, says = render.ClientsInShard{Present: map[string]time.Time{}, Before: before}, map[string]told{}
	signing, signedBefore := signingOf(realm), map[string]realmconfig.Algorithm{}
	for _, c := range before.Clients {
		signedBefore[c.ID] = c.IDTokenSigningAlg
	}
	for i := range clients {
		c := &clients[i]
		if c.DeletionTimestamp != nil { // which nobody can take back
			continue
		}
		id := render.ClientID(c)
		in.Present[id] = c.CreationTimestamp.UTC()
		var refusal *conditions.Failure
		if err := attached.RefuseClient(ctx, d, realm, c); errors.As(err, &refusal) {
			continue // which its own status says
		} else if err != nil {
			return in, nil, err
		}
		revision, err := render.ClientRevision(c)
		if err != nil || revision == "" { // it has no secret yet
			continue
		}
		settings, err := render.ClientSettings(c)
		if err != nil {
			return in, nil, err
		}
		tells := told{revision: revision}
		settings.IDTokenSigningAlg, tells.key = signing.choose(settings.IDTokenSigningAlg, signedBefore[id])
		in.Taken, says[id] = append(in.Taken, settings), tells
	}
	return in, says, nil
}

// documentIn is the document in a ConfigMap. Of one that cannot be read nothing is known.
func documentIn(existing *corev1.ConfigMap, n int) realmconfig.ClientDocument {
	var document realmconfig.ClientDocument
	if json.Unmarshal([]byte(existing.Data[render.ClientsKey(n)]), &document) != nil {
		return realmconfig.ClientDocument{}
	}
	return document
}

// apply writes a document over what was read of its ConfigMap, unless that has it.
func (d *documents) apply(ctx context.Context, realm *v1alpha1.AuthRealm, n int, existing *corev1.ConfigMap, document []byte) error {
	o := render.ClientsConfigMap(realm, n, document)
	version := ""
	if existing != nil {
		labels := map[string]string{} // somebody may have left none
		maps.Copy(labels, existing.Labels)
		maps.Copy(labels, o.Labels)
		if maps.Equal(existing.Data, o.Data) && maps.Equal(labels, existing.Labels) {
			return nil
		}
		version = existing.ResourceVersion
	}
	var err error
	if existing != nil && existing.Immutable != nil && *existing.Immutable {
		// Nobody can change it; pods go on with what they have read until there is another.
		version, err = "", d.Delete(ctx, existing, client.Preconditions{UID: &existing.UID, ResourceVersion: &existing.ResourceVersion})
	}
	if client.IgnoreNotFound(err) == nil {
		err = apply.Over(ctx, d.Client, o, version)
	}
	if err != nil && !conditions.EndsPass(err) {
		return conditions.NewFailure(v1alpha1.ReasonApplyFailed, "ConfigMap %q, which pods read of the realm's clients, could not be written: %s",
			*o.GetName(), conditions.StableMessage(err))
	}
	return err
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
