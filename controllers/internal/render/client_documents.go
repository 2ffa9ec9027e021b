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

	// endLeeway is for how long after its end grants of a client end as well: clocks of the
	// operator, of pods and of API servers may be apart, and a pod may not have heard.
	endLeeway = time.Minute

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

// ClientShard is a document, and who of those taken is not in it.
type ClientShard struct {
	Document realmconfig.ClientDocument

	// LeftOut are the ids of clients for which there is no room.
	LeftOut []string

	// Begin says, by id, from when on those are in it that were made again: nothing that
	// one before them has begun begins later.
	Begin map[string]time.Time
}

// NewClientShard is the document of a shard. A client that was in the document before and
// asks for the realm no longer has ended, and so has the earlier one of a client that was
// made again.
func NewClientShard(in ClientsInShard, now time.Time) (ClientShard, error) {
	shard := ClientShard{Document: realmconfig.ClientDocument{Version: realmconfig.Version, Clients: []realmconfig.Client{}, Ended: in.ended(now)}}
	in.Taken, shard.Begin = in.begun(shard.Document.Ended, now)
	empty, err := realmconfig.EncodeClients(shard.Document)
	if err != nil {
		return shard, fmt.Errorf("encode ended clients: %w", err)
	}
	room := realmconfig.MaxClientDocument - len(empty)
	queue, err := in.queue()
	if err != nil {
		return shard, err
	}
	for _, next := range queue {
		if next.bytes > room {
			shard.LeftOut = append(shard.LeftOut, next.client.ID)
			continue
		}
		room -= next.bytes
		shard.Document.Clients = append(shard.Document.Clients, next.client)
	}
	slices.SortFunc(shard.Document.Clients, func(a, b realmconfig.Client) int { return cmp.Compare(a.ID, b.ID) })
	return shard, nil
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
		if since, present := in.Present[id]; present {
			// A clock that was wrong keeps out nobody.
			at = earliest(at, latest(now, since).Add(endLeeway))
		}
		last[id] = latest(last[id], at)
	}
	for _, e := range in.Before.Ended {
		if e.At.Add(keepEnded).After(now) {
			note(e.ID, e.At)
		}
	}
	for _, client := range in.Before.Clients {
		if since, present := in.Present[client.ID]; !present || since.After(client.Since) {
			note(client.ID, latest(now, since, client.Since).Add(endLeeway))
		}
	}
	var all []realmconfig.EndedClient
	for id, at := range last {
		all = append(all, realmconfig.EndedClient{ID: id, At: at.UTC()})
	}
	slices.SortFunc(all, func(a, b realmconfig.EndedClient) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) })
	return all[:min(len(all), maxEnded)]
}

// begun are the clients that pods are to know by now, each with the time before which no
// grant is its own, and begin tells of the others when they are.
func (in ClientsInShard) begun(ended []realmconfig.EndedClient, now time.Time) (begun []realmconfig.Client, begin map[string]time.Time) {
	end, known := map[string]time.Time{}, map[string]time.Time{}
	for _, e := range ended {
		end[e.ID] = e.At
	}
	for _, client := range in.Before.Clients {
		known[client.ID] = client.Since
	}
	begin = map[string]time.Time{}
	for _, client := range in.Taken {
		made, before := client.Since, known[client.ID]
		goesOn := !before.Before(made)
		client.Since = latest(made, end[client.ID])
		if goesOn && !before.After(latest(now, made).Add(endLeeway)) {
			client.Since = latest(client.Since, before)
		}
		if !goesOn && client.Since.After(latest(now, made)) {
			begin[client.ID] = client.Since
			continue
		}
		begun = append(begun, client)
	}
	return begun, begin
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
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

// clientsVolume has the documents of all shards and that of clusters, of which each may be
// missing: the first client of one rolls no pod.
func clientsVolume(realm *v1alpha1.AuthRealm) *corev1ac.VolumeApplyConfiguration {
	projected := corev1ac.ProjectedVolumeSource().WithDefaultMode(secretFileMode)
	for shard := range realmconfig.ClientShards {
		projected.WithSources(corev1ac.VolumeProjection().WithConfigMap(corev1ac.ConfigMapProjection().
			WithName(NamesOf(realm).Clients(shard)).
			WithItems(corev1ac.KeyToPath().WithKey(ClientsKey(shard)).WithPath(ClientsKey(shard))).
			WithOptional(true)))
	}
	projected.WithSources(corev1ac.VolumeProjection().WithConfigMap(corev1ac.ConfigMapProjection().
		WithName(NamesOf(realm).Clusters()).
		WithItems(corev1ac.KeyToPath().WithKey(ClustersKey).WithPath(ClustersKey)).
		WithOptional(true)))
	return corev1ac.Volume().WithName(folder(realmconfig.ClientFile(0))).WithProjected(projected)
}
