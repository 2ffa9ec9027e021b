// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
)

// A client of ServiceAccounts is known when its clusters are. Others do not wait for these.
func TestAClientWaitsForItsClusters(t *testing.T) {
	t.Parallel()
	b, realm := newBoard(), types.NamespacedName{Namespace: "identity", Name: "staff"}
	workload, other := "shop.workload", "shop.other"
	n := realmconfig.ClientShard(workload)
	for i := 0; realmconfig.ClientShard(other) != n; i++ {
		other = fmt.Sprintf("shop.other-%d", i)
	}
	b.written(realm, n, written{revision: "1", at: start, clients: map[string]told{workload: {revision: "w", workload: true, here: true}, other: {revision: "o"}}})
	hear := func(revision string) {
		b.heard(realm, []podstatus.Pod{{Answered: true, Report: realmconfig.Report{ClientRevisions: map[int]string{n: "1"}, ClustersRevision: revision}}}, at)
	}
	everywhere := func(id string) bool {
		return b.look(realm, id).uptake == (attached.Uptake{Revision: map[string]string{workload: "w", other: "o"}[id], Everywhere: true})
	}
	due, _ := b.takeClusters(realm, start)
	if again, _ := b.takeClusters(realm, start); !due || again {
		t.Error("the document is looked at never, or always")
	}
	b.clustersLooked(realm, nil, nil, "forbidden", start.Add(time.Minute))
	hear("")
	if v := b.look(realm, workload); v.reason != v1alpha1.ReasonClusterUnknown || !strings.Contains(v.message, "forbidden") || !everywhere(other) {
		t.Errorf("without keys, %+v is known", v)
	}
	if due, _ := b.takeClusters(realm, start.Add(time.Minute)); !due {
		t.Error("nobody looks again")
	}
	b.takeNews(realm)
	b.clustersLooked(realm, &written{revision: "k", at: start}, nil, "", start.Add(time.Hour))
	if news := b.takeNews(realm); len(news) != 1 || news[0] != n || !b.untold(realm, workload) {
		t.Errorf("news are %v", news)
	}
	hear("")
	if everywhere(workload) || !b.outlook(realm).lags || b.outlook(realm).clusters != "k" {
		t.Error("a pod that does not know the keys is said to")
	}
	hear("k")
	if !everywhere(workload) || !everywhere(other) || b.outlook(realm).lags {
		t.Errorf("the client is %+v", b.look(realm, workload))
	}
	b.clustersLooked(realm, &written{revision: "l", at: start}, nil, "", time.Time{}) // another key
	if everywhere(workload) || !everywhere(other) {
		t.Error("another key is known at once")
	}
	if document, err := json.Marshal(b.outlook(realm).revisions); err != nil || strings.Contains(string(document), "l") {
		t.Errorf("revisions of clients are %s (%v)", document, err)
	}
}
