// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"context"
	"encoding/json"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
)

// clusters is the document of clusters, and how far pods have come with it: what a shard is
// to clients, without any.
type clusters struct {
	shard

	// unknown is why nobody knows the keys of the cluster that the operator runs in, "" where
	// they are known or nobody needs them.
	unknown string

	// refusedBy is what a pod has against the document.
	refusedBy string

	// nextAt is when to look at the keys again, zero where nobody needs them.
	nextAt time.Time
}

// markClusters has the document looked at again.
func (b *board) markClusters(realm types.NamespacedName) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(realm).clusters.dirty = true
}

// takeClusters reports whether the document is to be looked at now, and takes it for looked
// at; if it is not, next is when it is, zero for when it is marked.
func (b *board) takeClusters(realm types.NamespacedName, now time.Time) (due bool, next time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := &b.of(realm).clusters
	due = c.dirty || !c.nextAt.IsZero() && !c.nextAt.After(now)
	c.dirty = false
	return due, c.nextAt
}

// clustersLooked notes what came of a look: the document as it is now, nil where there is
// none or it could not be written.
func (b *board) clustersLooked(realm types.NamespacedName, now *written, failure *conditions.Failure, unknown string, next time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := &b.of(realm).clusters
	was := c.unknown
	if now != nil {
		c.write(*now)
	}
	c.news = c.news || was != unknown || valueOf(c.failure) != valueOf(failure)
	c.failure, c.unknown, c.nextAt = failure, unknown, next
}

func (b *board) knowsClusters(realm types.NamespacedName) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.of(realm).clusters.number > 0
}

// hear takes note of what pods say of the document.
func (c *clusters) hear(pods []podstatus.Pod, now time.Time) {
	if c.number == 0 {
		return
	}
	c.advance(pods, now, func(r realmconfig.Report) string { return r.ClustersRevision })
	refused := ""
	for _, pod := range pods {
		if pod.Report.ClustersProblem != "" && c.lags() {
			refused = pod.Report.ClustersProblem
		}
	}
	c.news, c.refusedBy = c.news || refused != c.refusedBy, refused
}

// limit is a view of a client of ServiceAccounts as far as its clusters let it be: here is
// set where one of these is the cluster that the operator runs in.
func (c *clusters) limit(v view, here bool) view {
	switch {
	case v.reason != "":
	case here && c.unknown != "":
		v.reason, v.message = v1alpha1.ReasonClusterUnknown, "serviceAccounts: nobody knows with which keys this cluster signs their tokens: "+c.unknown
	case c.failure != nil:
		v.reason, v.message = c.failure.Reason, c.failure.Message
	}
	if c.number == 0 || c.lags() {
		v.uptake.Everywhere = false
	}
	if v.refused == "" {
		v.refused = c.refusedBy
	}
	return v
}

// writeClusters makes the document of clusters what it should be, when there is something
// to learn, and returns when there is again, zero for when something changes. Where nobody
// needs it and nobody did, there is none.
func (d *documents) writeClusters(ctx context.Context, realm *v1alpha1.AuthRealm) (next time.Time, err error) {
	name, now := client.ObjectKeyFromObject(realm), d.now()
	due, next := d.board.takeClusters(name, now)
	if !due {
		return next, nil
	}
	workloads, here, err := attached.Workloads(ctx, d, name)
	if err != nil {
		d.board.markClusters(name)
		return time.Time{}, err
	}
	var own *realmconfig.Cluster
	unknown, next := "", time.Time{}
	if here {
		var problem error
		if own, next, problem = d.cluster.look(ctx); problem != nil {
			unknown = conditions.StableMessage(problem)
		}
	}
	wanted := workloads || realm.Spec.Clients != nil && len(realm.Spec.Clients.Clusters) > 0
	out, known, err := d.writeClusterDocument(ctx, realm, own, here, wanted)
	failure, err := conditions.Classify(err)
	if known { // by what has been read before
		unknown = ""
	}
	again := failure != nil && conditions.Retryable(failure.Reason)
	if again {
		next = requeue.Soonest(next, now.Add(requeue.Retry(realm.UID)))
	}
	d.board.clustersLooked(name, out, failure, unknown, next)
	if err != nil || again {
		d.board.markClusters(name)
	}
	return next, err
}

// writeClusterDocument writes the document where it is another one. What it says of the
// cluster that the operator runs in stays while the API server does not say it; known
// reports whether it says anything of that.
func (d *documents) writeClusterDocument(
	ctx context.Context, realm *v1alpha1.AuthRealm, own *realmconfig.Cluster, here, wanted bool,
) (out *written, known bool, err error) {
	key := types.NamespacedName{Namespace: realm.Namespace, Name: render.NamesOf(realm).Clusters()}
	wanted = wanted || d.board.knowsClusters(client.ObjectKeyFromObject(realm))
	existing, err := d.configMap(ctx, key, wanted)
	if err != nil || existing == nil && !wanted {
		return nil, false, err
	}
	if existing != nil {
		if err := ownership.Check(realm, "ConfigMap", existing); err != nil {
			return nil, false, err
		}
		if here && own == nil {
			own = ownClusterIn(existing)
		}
	}
	document, err := realmconfig.Encode(render.ClusterDocument(realm, own))
	if err != nil {
		return nil, false, err
	}
	if err := d.apply(ctx, render.ClustersConfigMap(realm, document), existing); err != nil {
		return nil, false, err
	}
	return &written{revision: realmconfig.Revision(document), at: d.now().UTC().Round(0)}, own != nil, nil
}

// ownClusterIn is what a document says of the cluster that the operator runs in, nil for
// nothing that can be read.
func ownClusterIn(existing *corev1.ConfigMap) *realmconfig.Cluster {
	var document realmconfig.ClusterDocument
	if json.Unmarshal([]byte(existing.Data[render.ClustersKey]), &document) != nil {
		return nil
	}
	for _, c := range document.Clusters {
		if c.Name == "" && c.Validate() == nil {
			return &c
		}
	}
	return nil
}
