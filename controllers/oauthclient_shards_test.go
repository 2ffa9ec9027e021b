// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
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
	w.startPods()
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
	w.startPods()
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

// A document that somebody has made immutable is made again.
func TestADocumentThatCannotBeChangedIsMadeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.oauthClient(w.namespace, "page", func(s *v1alpha1.OAuthClientSpec) { s.Type = v1alpha1.PublicClient })
	id := w.namespace + ".page"
	eventually.Succeeds(t, func(context.Context) error {
		if w.document(id).ID == "" {
			return fmt.Errorf("pods are not told of it")
		}
		return nil
	})
	eventually.Succeeds(t, func(ctx context.Context) error {
		m := w.documentMap(id)
		m.Immutable = ptr(true)
		return w.Update(ctx, m)
	})
	before := w.documentMap(id)
	w.editClient("page", func(s *v1alpha1.OAuthClientSpec) { s.DisplayName = "Changed" })
	eventually.Succeeds(t, func(context.Context) error {
		if told := w.document(id); told.DisplayName != "Changed" {
			return fmt.Errorf("pods are told of %+v", told)
		}
		return nil
	})
	after := w.documentMap(id)
	if after.UID == before.UID || after.Immutable != nil && *after.Immutable {
		t.Errorf("it is %+v", after.ObjectMeta)
	}
	if ended := w.shardOf(id).Ended; len(ended) > 0 {
		t.Errorf("clients have ended: %+v", ended)
	}
}

// Who finds no room is told when there is some.
func TestAClientWithoutRoomComesWhenAnotherGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	large := func(s *v1alpha1.OAuthClientSpec) {
		s.Type, s.RedirectURIs = v1alpha1.PublicClient, nil
		for i := range 50 {
			uri := v1alpha1.RedirectURI(fmt.Sprintf("https://app.example.com/%02d/%s", i, strings.Repeat("x", 990)))
			s.RedirectURIs, s.PostLogoutRedirectURIs = append(s.RedirectURIs, uri), append(s.PostLogoutRedirectURIs, uri)
		}
	}
	var names []string
	for i := 0; len(names) < 10; i++ { // of a hundred thousand bytes each, and a little more
		if name := fmt.Sprint("page-", i); realmconfig.ClientShard(w.namespace+"."+name) == 3 {
			names = append(names, name)
			w.oauthClient(w.namespace, name, large)
		}
	}
	var left []string
	eventually.Succeeds(t, func(context.Context) error {
		left = slices.DeleteFunc(slices.Clone(names), func(name string) bool {
			c := meta.FindStatusCondition(w.readClient(w.namespace, name).Status.Conditions, v1alpha1.AttachedCondition)
			return c == nil || c.Reason != v1alpha1.ReasonNoRoom
		})
		if told := len(w.shardOf(w.namespace + "." + names[0]).Clients); len(left) != 1 || told != len(names)-1 {
			return fmt.Errorf("%v have no room, and pods are told of %d", left, told)
		}
		return nil
	})
	for _, name := range names {
		if name != left[0] {
			w.delete(w.readClient(w.namespace, name))
			break
		}
	}
	w.awaitClient(w.namespace, left[0], v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating)
}

// All documents are looked at when an operator starts, whatever has become of them.
func TestARestartReadsTheDocumentsOfARealmTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	const many = 24
	for i := range many {
		w.oauthClient(w.namespace, fmt.Sprintf("page-%d", i), func(s *v1alpha1.OAuthClientSpec) { s.Type = v1alpha1.PublicClient })
	}
	eventually.Succeeds(t, func(context.Context) error {
		for i := range many {
			if id := fmt.Sprintf("%s.page-%d", w.namespace, i); w.document(id).ID == "" {
				return fmt.Errorf("pods are not told of %s", id)
			}
		}
		return nil
	})
	w.startPods()
	for i := range many {
		w.awaitClient(w.namespace, fmt.Sprintf("page-%d", i), v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	}
	w.settle()
	documents, clients := w.clientVersions()
	if len(documents) < 8 {
		t.Fatalf("%d clients are in %d documents", many, len(documents))
	}
	before := w.requests.configMaps.Load()
	if n := w.restarted(func() {}); n > 0 {
		t.Errorf("%d requests asked for a change", n)
	}
	if n := w.requests.configMaps.Load() - before; n == 0 || n > 4 {
		t.Errorf("ConfigMaps were read %d times, and there are %d documents", n, len(documents))
	}
	documentsAfter, clientsAfter := w.clientVersions()
	if !maps.Equal(documents, documentsAfter) || !maps.Equal(clients, clientsAfter) {
		t.Error("documents or clients were written")
	}

	// What somebody has changed meanwhile is as it was.
	lost, name := w.shardOf(w.namespace+".page-7"), fmt.Sprintf("%s-clients-%d-v1", realmName, realmconfig.ClientShard(w.namespace+".page-7"))
	w.restarted(func() {
		m := &corev1.ConfigMap{}
		w.get(m, name)
		m.Data, m.Labels = map[string]string{fmt.Sprintf("clients-%d.json", realmconfig.ClientShard(w.namespace+".page-7")): "{}"}, nil
		if err := w.Update(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	})
	eventually.Succeeds(t, func(context.Context) error {
		if is := w.shardOf(w.namespace + ".page-7"); len(is.Clients) != len(lost.Clients) {
			return fmt.Errorf("the document says %+v", is)
		}
		return nil
	})
}
