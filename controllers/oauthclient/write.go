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
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/apply"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// write makes one document what it should be. Where there are no clients and never were,
// there is none.
func (d *documents) write(ctx context.Context, realm *v1alpha1.AuthRealm, n int, read map[string]*corev1.ConfigMap) error {
	name := client.ObjectKeyFromObject(realm)
	clients, err := attached.ClientsInShard(ctx, d, name, n)
	if err != nil {
		return err
	}
	key := documentKey(realm, n)
	existing, wasRead := read[key.Name]
	if !wasRead {
		existing, err = d.configMap(ctx, key, len(clients) > 0 || d.board.knows(name, n))
	}
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
	if err := d.apply(ctx, render.ClientsConfigMap(realm, n, encoded), existing); err != nil {
		return err
	}
	out := written{revision: realmconfig.Revision(encoded), at: now, clients: map[string]told{}, leftOut: shard.LeftOut, begin: shard.Begin}
	for _, c := range shard.Document.Clients {
		out.clients[c.ID] = says[c.ID]
	}
	d.board.written(name, n, out)
	return nil
}

// configMap is the ConfigMap of a document, nil when there is none. Nobody is asked when
// none is known and none is wanted.
func (d *documents) configMap(ctx context.Context, key types.NamespacedName, wanted bool) (*corev1.ConfigMap, error) {
	if exists, err := d.mayExist(ctx, key, wanted); err != nil || !exists {
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

// mayExist reports whether the ConfigMap of a document is wanted, by a realm's pass before
// or by this one, or known to the cache.
func (d *documents) mayExist(ctx context.Context, key types.NamespacedName, wanted bool) (bool, error) {
	if wanted {
		return true, nil
	}
	err := d.Get(ctx, key, kinds.Metadata(corev1.SchemeGroupVersion.WithKind("ConfigMap")))
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
	signing, toldBefore := signingOf(realm), map[string]realmconfig.Client{}
	for _, c := range before.Clients {
		toldBefore[c.ID] = c
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
		last, known := toldBefore[id]
		known = known && !last.Since.Before(c.CreationTimestamp.UTC()) // and is not of another client of the name
		unproved := d.examples.Client(c) != nil
		if unproved && !known {
			continue // as above: no pod knows anything that it could go on with
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
		tells.workload, tells.here = render.IsWorkload(c)
		settings.IDTokenSigningAlg, tells.key = signing.choose(settings.IDTokenSigningAlg, last.IDTokenSigningAlg)
		if unproved {
			settings.Claims = last.Claims
		}
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
func (d *documents) apply(ctx context.Context, o *corev1ac.ConfigMapApplyConfiguration, existing *corev1.ConfigMap) error {
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
