// SPDX-License-Identifier: Apache-2.0

//go:build scale

package scale

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

const (
	// manyClients is how many the published figures are about, fewClients how many there
	// are unless CLIENTS says otherwise.
	manyClients, fewClients = 10_000, 100
	// mostPerClient bounds the requests that a client costs from nothing to Ready: two
	// looks for its Secret, three writes of its status, one of its Secret, and its part of
	// the documents.
	mostPerClient = 9
	// mostAtRestart bounds those of an operator that starts with any number of clients: it
	// lists them, and reads each document once.
	mostAtRestart = 250
)

// TestClients takes an operator through the life of one realm with many clients.
func TestClients(t *testing.T) {
	discardLogs()
	n := fewClients
	if given := os.Getenv("CLIENTS"); given != "" {
		var err error
		if n, err = strconv.Atoi(given); err != nil || n < 1 {
			t.Fatalf("CLIENTS is %q", given)
		}
	}
	w := newWorld(t, 1)
	r := newClientsReport(t, n)
	program := buildOperator(t, w.plane)
	w.populate()
	o := program.start()
	w.awaitReady(5 * time.Minute)
	o.rest()

	begin := time.Now()
	made := o.watch(func() {
		w.populateClients(0, n)
		w.awaitClients(n, 20*time.Minute)
	})
	r.ready = time.Since(begin)
	r.add("from nothing to all Ready", made)
	if most := mostPerClient*n + 200; made.requests() > most {
		t.Errorf("%d requests were made; there must be at most %d", made.requests(), most)
	}
	r.add("until nothing is asked any more", o.watch(o.rest))
	r.add("one more client", o.watch(func() { r.another = w.addClient(n); o.rest() }))
	r.add("one client changed", o.watch(func() { r.change = w.changeClient(n / 2); o.rest() }))
	r.memory, r.limit = o.sample().memory, program.memory

	o.end()
	o = program.start()
	idle := o.watch(func() { o.await(n); o.rest() })
	r.add("restart, and nothing changed", idle)
	if idle.writes > 0 || idle.reads > mostAtRestart {
		t.Errorf("at a restart %d requests were made, and %d objects written though nothing changed", idle.reads, idle.writes)
	}
	if peak := max(made.peak, idle.peak); peak > r.limit {
		t.Errorf("the operator took %d MiB; the chart lets it have %d", peak>>20, r.limit>>20)
	}
	if got := w.readyClients(); got != n+1 {
		t.Errorf("%d clients are ready in the end", got)
	}
	r.documents = w.documents()
	r.served = serve(t, r.documents, n+1)
	if t.Failed() {
		t.Log(o.Said())
	}
	r.publish(t)
}

func clientName(i int) string { return fmt.Sprintf("app-%d", i) }

// clientOf is a client as most are: with two URLs, and a Secret.
func clientOf(i int) *v1alpha1.OAuthClient {
	at := fmt.Sprintf("https://%s.example.com", clientName(i))
	return &v1alpha1.OAuthClient{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespaceOf(0), Name: clientName(i)},
		Spec: v1alpha1.OAuthClientSpec{
			RealmRef: v1alpha1.ClientRealmRef{Name: realmName(0)}, DisplayName: "Application " + strconv.Itoa(i),
			RedirectURIs:           []v1alpha1.RedirectURI{v1alpha1.RedirectURI(at + "/oauth2/callback")},
			PostLogoutRedirectURIs: []v1alpha1.RedirectURI{v1alpha1.RedirectURI(at + "/")},
			Scopes:                 []string{"openid", "profile", "email", "groups", "offline_access"},
		},
	}
}

// populateClients creates clients, several at a time.
func (w *world) populateClients(from, to int) {
	w.t.Helper()
	w.several(to-from, func(ctx context.Context, i int) error { return w.k8s.Create(ctx, clientOf(from+i)) })
}

func clientIsReady(c *v1alpha1.OAuthClient) bool {
	ready := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ReadyCondition)
	return ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == c.Generation
}

func (w *world) readyClients() (ready int) {
	w.t.Helper()
	var all v1alpha1.OAuthClientList
	if err := w.node.cache.List(w.t.Context(), &all, client.UnsafeDisableDeepCopy); err != nil { // they are only read
		w.t.Fatal(err)
	}
	for i := range all.Items {
		if clientIsReady(&all.Items[i]) {
			ready++
		}
	}
	return ready
}

// awaitClients waits until so many clients are Ready.
func (w *world) awaitClients(n int, patience time.Duration) {
	w.t.Helper()
	w.await(seldom, patience, func() error {
		if ready := w.readyClients(); ready < n {
			return fmt.Errorf("%d of %d clients are ready", ready, n)
		}
		return nil
	})
}

// awaitClient waits until one client is Ready as its spec says, and returns how long.
func (w *world) awaitClient(c *v1alpha1.OAuthClient) time.Duration {
	w.t.Helper()
	begin, generation := time.Now(), c.Generation
	w.await(often, 5*time.Minute, func() error {
		if err := w.node.cache.Get(w.t.Context(), client.ObjectKeyFromObject(c), c); err != nil {
			return err
		}
		if c.Generation < generation || !clientIsReady(c) {
			return fmt.Errorf("it is %+v", c.Status.Conditions)
		}
		return nil
	})
	return time.Since(begin)
}

// addClient makes one more client, and returns when it can be used.
func (w *world) addClient(i int) time.Duration {
	w.t.Helper()
	c := clientOf(i)
	if err := w.k8s.Create(w.t.Context(), c); err != nil {
		w.t.Fatal(err)
	}
	return w.awaitClient(c)
}

// changeClient changes what pods are told of a client, and returns when each knows it.
func (w *world) changeClient(i int) time.Duration {
	w.t.Helper()
	c := &v1alpha1.OAuthClient{}
	if err := w.k8s.Get(w.t.Context(), types.NamespacedName{Namespace: namespaceOf(0), Name: clientName(i)}, c); err != nil {
		w.t.Fatal(err)
	}
	before := c.DeepCopy()
	c.Spec.DisplayName = "Changed"
	if err := w.k8s.Patch(w.t.Context(), c, client.MergeFrom(before)); err != nil {
		w.t.Fatal(err)
	}
	return w.awaitClient(c)
}
