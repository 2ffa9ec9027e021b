// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// clientVersions are the versions of the documents of the realm's clients, and of the
// clients.
func (w *world) clientVersions() (documents, clients map[string]string) {
	w.t.Helper()
	var maps corev1.ConfigMapList
	var list v1alpha1.OAuthClientList
	if err := w.List(w.t.Context(), &maps, client.InNamespace(w.namespace)); err != nil {
		w.t.Fatal(err)
	}
	if err := w.List(w.t.Context(), &list, client.InNamespace(w.namespace)); err != nil {
		w.t.Fatal(err)
	}
	documents, clients = map[string]string{}, map[string]string{}
	for n := range realmconfig.ClientShards {
		for _, m := range maps.Items {
			if m.Name == fmt.Sprintf("%s-clients-%d-v1", realmName, n) {
				documents[m.Name] = m.ResourceVersion
			}
		}
	}
	for _, c := range list.Items {
		clients[c.Name] = c.ResourceVersion
	}
	return documents, clients
}

// The work of one client's change does not grow with the number of the others.
func TestOneClientsChangeRewritesOneDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	const many = 64
	for i := range many {
		w.oauthClient(w.namespace, fmt.Sprintf("page-%d", i), func(s *v1alpha1.OAuthClientSpec) { s.Type = v1alpha1.PublicClient })
	}
	for i := range many {
		eventually.Succeeds(t, func(context.Context) error {
			if id := fmt.Sprintf("%s.page-%d", w.namespace, i); w.document(id).ID == "" {
				return fmt.Errorf("pods are not told of %s", id)
			}
			return nil
		})
	}
	w.clock.advance(6 * time.Second)
	for i := range many {
		w.awaitClient(w.namespace, fmt.Sprintf("page-%d", i), v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	}
	w.settle()
	documents, clients := w.clientVersions()
	made := w.requests.made.Load()

	const changed = "page-7"
	w.editClient(changed, func(s *v1alpha1.OAuthClientSpec) { s.DisplayName = "Changed" })
	eventually.Succeeds(t, func(context.Context) error {
		if w.document(w.namespace+"."+changed).DisplayName != "Changed" {
			return fmt.Errorf("pods are not told")
		}
		return nil
	})
	w.clock.advance(6 * time.Second)
	w.awaitClient(w.namespace, changed, v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.settle()
	documentsAfter, clientsAfter := w.clientVersions()
	differ := func(before, after map[string]string) []string {
		var names []string
		for name := range maps.Keys(after) {
			if before[name] != after[name] {
				names = append(names, name)
			}
		}
		return names
	}
	want := fmt.Sprintf("%s-clients-%d-v1", realmName, realmconfig.ClientShard(w.namespace+"."+changed))
	if got := differ(documents, documentsAfter); len(got) != 1 || got[0] != want {
		t.Errorf("%v were written, want %s alone", got, want)
	}
	if got := differ(clients, clientsAfter); len(got) != 1 || got[0] != changed {
		t.Errorf("the statuses of %v were written", got)
	}
	if n := w.requests.made.Load() - made; n > 40 {
		t.Errorf("the operator made %d requests", n)
	}
}
