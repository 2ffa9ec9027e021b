// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// keepEnded is how long a document tells of a client that is no more: pods that are
	// away for less than that end what it left behind.
	keepEnded = 30 * 24 * time.Hour

	// clockLeeway is how far the clocks of the operator, of pods and of API servers may be
	// apart: a grant that began just now, by whichever of them, ends as well.
	clockLeeway = time.Minute

	// maxEnded bounds of how many it tells, the last ones.
	maxEnded = 1000
)

// ClientsInShard are what one document is made of.
type ClientsInShard struct {
	// Taken are the clients that pods are to know. Present are all that ask for the realm,
	// by id, with the time at which they came to be: also those that it does not take.
	Taken   []realmconfig.Client
	Present map[string]time.Time

	// Before is the document that this one takes the place of.
	Before realmconfig.ClientDocument
}

// ClientDocument is the document of a shard, and the ids of clients for which it has no
// room. A client that was in the document before and asks for the realm no longer has
// ended, and so has the earlier one of a client that was made again.
func ClientDocument(in ClientsInShard, now time.Time) (document realmconfig.ClientDocument, leftOut []string, err error) {
	document = realmconfig.ClientDocument{Version: realmconfig.Version, Clients: []realmconfig.Client{}, Ended: in.ended(now)}
	empty, err := realmconfig.EncodeClients(document)
	if err != nil {
		return document, nil, fmt.Errorf("encode ended clients: %w", err)
	}
	room := realmconfig.MaxClientDocument - len(empty)
	queue, err := in.queue()
	if err != nil {
		return document, nil, err
	}
	for _, next := range queue {
		if next.bytes > room {
			leftOut = append(leftOut, next.client.ID)
			continue
		}
		room -= next.bytes
		document.Clients = append(document.Clients, next.client)
	}
	slices.SortFunc(document.Clients, func(a, b realmconfig.Client) int { return cmp.Compare(a.ID, b.ID) })
	return document, leftOut, nil
}

// queued is a client that waits for room in a document: how much it takes, and how much its
// namespace takes with it, in bytes.
type queued struct {
	client           realmconfig.Client
	bytes, namespace int
}

// queue has the clients of each namespace by age, and those first with which a namespace
// takes the least: one that has many, or large ones, pushes nobody else's out.
func (in ClientsInShard) queue() ([]queued, error) {
	oldestFirst := slices.SortedFunc(slices.Values(in.Taken), func(a, b realmconfig.Client) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	queue, taken := []queued{}, map[string]int{}
	for _, client := range oldestFirst {
		line, err := json.Marshal(client)
		if err != nil {
			return nil, fmt.Errorf("encode client %s: %w", client.ID, err)
		}
		namespace, _, _ := strings.Cut(client.ID, ".")
		bytes := len(line) + len(",\n")
		taken[namespace] += bytes
		queue = append(queue, queued{client, bytes, taken[namespace]})
	}
	slices.SortStableFunc(queue, func(a, b queued) int { return cmp.Compare(a.namespace, b.namespace) })
	return queue, nil
}

// ended are the clients that are no more, with the time before which their grants began:
// those that the document before tells of, and those that were in it.
func (in ClientsInShard) ended(now time.Time) []realmconfig.EndedClient {
	last := map[string]time.Time{}
	note := func(id string, at time.Time) {
		// What was made again is not ended by what was there before, whatever clocks say.
		if since, present := in.Present[id]; present && at.After(since) {
			at = since
		}
		if at.After(last[id]) {
			last[id] = at
		}
	}
	for _, e := range in.Before.Ended {
		if e.At.Add(keepEnded).After(now) {
			note(e.ID, e.At)
		}
	}
	for _, client := range in.Before.Clients {
		if since, present := in.Present[client.ID]; !present {
			at := now
			if client.Since.After(at) {
				at = client.Since
			}
			note(client.ID, at.Add(clockLeeway))
		} else if since.After(client.Since) {
			note(client.ID, since)
		}
	}
	var all []realmconfig.EndedClient
	for id, at := range last {
		all = append(all, realmconfig.EndedClient{ID: id, At: at.UTC()})
	}
	slices.SortFunc(all, func(a, b realmconfig.EndedClient) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) })
	return all[:min(len(all), maxEnded)]
}

// ClientsConfigMap is the ConfigMap with the document of a shard.
func ClientsConfigMap(realm *v1alpha1.AuthRealm, shard int, document []byte) *corev1ac.ConfigMapApplyConfiguration {
	return corev1ac.ConfigMap(NamesOf(realm).Clients(shard), realm.Namespace).
		WithLabels(labels(realm, server)).
		WithOwnerReferences(owner(realm)).
		WithData(map[string]string{ClientsKey(shard): string(document)})
}

// ClientsKey is the key of such a ConfigMap under which the document is.
func ClientsKey(shard int) string { return path.Base(realmconfig.ClientFile(shard)) }

// clientsVolume has the documents of all shards, of which each may be missing: the first
// client of one rolls no pod.
func clientsVolume(realm *v1alpha1.AuthRealm) *corev1ac.VolumeApplyConfiguration {
	projected := corev1ac.ProjectedVolumeSource().WithDefaultMode(secretFileMode)
	for shard := range realmconfig.ClientShards {
		projected.WithSources(corev1ac.VolumeProjection().WithConfigMap(corev1ac.ConfigMapProjection().
			WithName(NamesOf(realm).Clients(shard)).
			WithItems(corev1ac.KeyToPath().WithKey(ClientsKey(shard)).WithPath(ClientsKey(shard))).
			WithOptional(true)))
	}
	return corev1ac.Volume().WithName(folder(realmconfig.ClientFile(0))).WithProjected(projected)
}
