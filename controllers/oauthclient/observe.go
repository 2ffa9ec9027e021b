// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
)

const (
	// soon is how long to wait for pods that take up a document, later how long once they
	// have taken longer than usual.
	soon         = 2 * time.Second
	later        = 15 * time.Second
	usualRollout = 3 * time.Minute

	// useInterval is how old what is known of the use of clients may be, at most twice that:
	// pods tell when they are asked.
	useInterval = 15 * time.Minute
)

// outlook is what is waited for of a realm's pods.
type outlook struct {
	// documents is set when there are any, lags when some pod does not run all of them.
	documents, lags bool

	// writtenAt is when the last of them was written, askedAt when pods were asked last.
	writtenAt, askedAt time.Time

	// revision names all documents by their content, revisions each of those of clients, and
	// clusters that of clusters, "" for none.
	revision  string
	revisions map[int]string
	clusters  string
}

func (b *board) outlook(realm types.NamespacedName) outlook {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.of(realm)
	out := outlook{askedAt: s.askedAt, revisions: map[int]string{}}
	var all []string
	for n := range s.shards {
		if shard := &s.shards[n]; shard.number > 0 {
			out.documents, out.lags = true, out.lags || shard.lags()
			if shard.writtenAt.After(out.writtenAt) {
				out.writtenAt = shard.writtenAt
			}
			out.revisions[n] = shard.newest()
		}
		all = append(all, s.shards[n].newest())
	}
	if c := &s.clusters; c.number > 0 {
		out.documents, out.lags, out.clusters = true, out.lags || c.lags(), c.newest()
		if c.writtenAt.After(out.writtenAt) {
			out.writtenAt = c.writtenAt
		}
		all = append(all, out.clusters)
	}
	out.revision = realmconfig.Revision([]byte(strings.Join(all, "/")))
	return out
}

// begins is when the first client begins that is in no document yet, zero for none.
func (b *board) begins(realm types.NamespacedName) (first time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.of(realm)
	for n := range s.shards {
		first = requeue.Soonest(first, s.shards[n].begins())
	}
	return first
}

// heard notes what pods have said.
func (b *board) heard(realm types.NamespacedName, pods []podstatus.Pod, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.of(realm)
	s.askedAt = now
	for n := range s.shards {
		s.shards[n].hear(n, pods, now)
	}
	s.clusters.hear(pods, now)
}

// observe asks the realm's pods what they run and whom they have seen, when there is
// something to learn, and returns after how long to ask again, 0 for never.
func (d *documents) observe(ctx context.Context, realm *v1alpha1.AuthRealm) (time.Duration, error) {
	name := client.ObjectKeyFromObject(realm)
	out, now := d.board.outlook(name), d.now()
	interval := useInterval + requeue.Stagger(realm.UID, useInterval)
	if !out.documents || render.Replicas(realm) == 0 {
		return 0, nil
	}
	if left := out.askedAt.Add(interval).Sub(now); !out.lags && left > 0 {
		return max(left, time.Second), nil
	}
	var pods corev1.PodList
	err := d.live.List(ctx, &pods, client.InNamespace(realm.Namespace), client.MatchingLabels(render.Selector(realm)))
	if err != nil {
		return 0, fmt.Errorf("list pods: %w", err)
	}
	servers := slices.DeleteFunc(pods.Items, func(pod corev1.Pod) bool { return !render.IsServer(pod.Labels) })
	serving := podstatus.Observe(ctx, servers, now, d.ask)
	d.board.heard(name, slices.Concat(serving, podstatus.ObserveLeaving(ctx, servers, now, d.ask)), now)
	if err := d.refresh(ctx, realm.Namespace, serving, out); err != nil {
		return 0, err
	}
	fresh := out.writtenAt.Add(rotation.FreshMount).Sub(now)
	switch {
	case !d.board.outlook(name).lags:
		return interval, nil
	case fresh > 0: // before that, not even pods that run it are enough
		return min(fresh, soon), nil
	case now.Sub(out.writtenAt) < usualRollout:
		return soon, nil
	}
	return later, nil
}

// refresh has the mounts refreshed of the pods that run an older document: the kubelet looks
// at a pod that is annotated at once, which it would do a minute later otherwise.
func (d *documents) refresh(ctx context.Context, namespace string, pods []podstatus.Pod, out outlook) error {
	var failures []error
	for _, pod := range pods {
		current := out.clusters == "" || pod.Report.ClustersRevision == out.clusters
		for n, revision := range out.revisions {
			current = current && pod.Report.ClientRevisions[n] == revision
		}
		if !pod.Answered || current || pod.Annotations[render.ClientsRevisionAnnotation] == out.revision {
			continue
		}
		o := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: pod.Name}}
		patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, render.ClientsRevisionAnnotation, out.revision)
		if err := d.Patch(ctx, o, client.RawPatch(types.MergePatchType, []byte(patch))); client.IgnoreNotFound(err) != nil {
			failures = append(failures, fmt.Errorf("annotate pod %s: %w", pod.Name, err))
		}
	}
	return errors.Join(failures...)
}
