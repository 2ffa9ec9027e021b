// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	sigclient "sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// oauthClient creates an OAuthClient in a namespace, after the functions have changed its
// spec, for the realm in the world's own.
func (w *world) oauthClient(namespace, name string, change ...func(*v1alpha1.OAuthClientSpec)) {
	w.t.Helper()
	c := &v1alpha1.OAuthClient{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec: v1alpha1.OAuthClientSpec{
			RealmRef:     v1alpha1.ClientRealmRef{Name: realmName},
			RedirectURIs: []v1alpha1.RedirectURI{"https://app.example.com/callback"},
		},
	}
	if namespace != w.namespace {
		c.Spec.RealmRef.Namespace = w.namespace
	}
	for _, change := range change {
		change(&c.Spec)
	}
	w.create(c)
}

func (w *world) readClient(namespace, name string) *v1alpha1.OAuthClient {
	w.t.Helper()
	c := &v1alpha1.OAuthClient{}
	if err := w.Get(w.t.Context(), types.NamespacedName{Namespace: namespace, Name: name}, c); err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) editClient(name string, change func(*v1alpha1.OAuthClientSpec)) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		c := w.readClient(w.namespace, name)
		change(&c.Spec)
		return w.Update(ctx, c)
	})
}

// awaitClient is await for a client.
func (w *world) awaitClient(namespace, name, kind string, status metav1.ConditionStatus, reason string, words ...string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		c := w.readClient(namespace, name)
		if len(c.Status.Conditions) > 0 {
			w.wantConditions(c.Status.Conditions, v1alpha1.OAuthClientConditions())
		}
		found := meta.FindStatusCondition(c.Status.Conditions, kind)
		if found == nil || found.ObservedGeneration != c.Generation || found.Status != status || found.Reason != reason {
			return fmt.Errorf("want %s of %s %s/%s; conditions are\n%s", kind, name, status, reason, conditions(c.Status.Conditions))
		}
		for _, word := range words {
			if !strings.Contains(found.Message, word) {
				return fmt.Errorf("want %s to say %q; it says %q", kind, word, found.Message)
			}
		}
		return nil
	})
}

// readyClient waits until a client is ready, for whose document pods need some seconds.
func (w *world) readyClient(namespace, name string) {
	w.t.Helper()
	w.awaitKnown(namespace, name)
	w.awaitClient(namespace, name, v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}

// awaitKnown waits until pods are to know every secret of a client, and lets some seconds
// pass, after which those that are being started know it, too.
func (w *world) awaitKnown(namespace, name string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		c := w.readClient(namespace, name)
		told := w.document(namespace + "." + name)
		if len(c.Status.Secrets) == 0 || len(told.Secrets) != len(c.Status.Secrets) || told.Secrets[0].ID != c.Status.Secrets[0].ID {
			return fmt.Errorf("pods are told of %+v, and there are %+v", told.Secrets, c.Status.Secrets)
		}
		return nil
	})
	w.startPods()
}

// startPods lets some seconds pass, after which pods that are being started know what the
// operator has written. It has to have heard that before: what it writes is of the time of
// the answer.
func (w *world) startPods() {
	w.t.Helper()
	w.quiet(5)
	w.clock.advance(6 * time.Second)
}

// shardOf is the document that a client is in, as pods read it.
func (w *world) shardOf(id string) realmconfig.ClientDocument {
	w.t.Helper()
	n := realmconfig.ClientShard(id)
	m := &corev1.ConfigMap{}
	name := fmt.Sprintf("%s-clients-%d-v1", realmName, n)
	err := w.Get(w.t.Context(), types.NamespacedName{Namespace: w.namespace, Name: name}, m)
	var document realmconfig.ClientDocument
	if apierrors.IsNotFound(err) {
		return document
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(m.Data[fmt.Sprintf("clients-%d.json", n)]), &document); err != nil {
		w.t.Fatal(err)
	}
	return document
}

// document is what pods are told of a client, nothing where they are told of none.
func (w *world) document(id string) realmconfig.Client {
	w.t.Helper()
	for _, c := range w.shardOf(id).Clients {
		if c.ID == id {
			return c
		}
	}
	return realmconfig.Client{}
}

// secretOf is the Secret of a client, nil when there is none.
func (w *world) secretOf(namespace, name string) *corev1.Secret {
	w.t.Helper()
	s := &corev1.Secret{}
	err := w.Get(w.t.Context(), types.NamespacedName{Namespace: namespace, Name: name}, s)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) delete(o sigclient.Object) {
	w.t.Helper()
	if err := w.Delete(w.t.Context(), o); err != nil {
		w.t.Fatal(err)
	}
}

func TestAClientIsGivenASecretThatEveryPodKnows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.oauthClient(w.namespace, "web", func(s *v1alpha1.OAuthClientSpec) {
		s.Secret = &v1alpha1.ClientSecret{Name: "web-oauth", Keys: map[string]v1alpha1.ClientSecretTemplate{"OIDC": "$(client-id)@$(issuer)"}}
	})
	id := w.namespace + ".web"
	w.pods.freeze(podName(1), "")
	w.awaitKnown(w.namespace, "web")
	w.awaitClient(w.namespace, "web", v1alpha1.SecretWrittenCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "web-oauth")
	if s := w.secretOf(w.namespace, "web-oauth"); s != nil {
		t.Fatal("the Secret was written before every pod knows what is in it")
	}
	w.pods.refresh()
	w.awaitClient(w.namespace, "web", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)

	s := w.secretOf(w.namespace, "web-oauth")
	value := string(s.Data["client-secret"])
	told := w.document(id)
	if len(told.Secrets) != 1 || told.Secrets[0].SHA256 != realmconfig.DigestSecret(value) || told.Validate() != nil {
		t.Errorf("pods are told %+v, which is not of the Secret", told)
	}
	if string(s.Data["client-id"]) != id || string(s.Data["issuer"]) != "https://login.example.com" || string(s.Data["OIDC"]) != id+"@https://login.example.com" {
		t.Errorf("the Secret has %q", s.Data)
	}
	status := w.readClient(w.namespace, "web").Status
	if status.ClientID != id || status.Type != v1alpha1.ConfidentialClient || status.SecretName != "web-oauth" || len(status.Secrets) != 1 {
		t.Errorf("the status says %+v", status)
	}
	if everything, _ := json.Marshal(status); strings.Contains(string(everything), value) || strings.Contains(w.log.String(), value) {
		t.Error("the secret stands in the status, or in the log")
	}
	if !metav1.IsControlledBy(s, w.readClient(w.namespace, "web")) {
		t.Errorf("the Secret does not go with its client: %+v", s.OwnerReferences)
	}

	// A further pass changes nothing.
	w.settle()
	writes := w.requests.writes.Load()
	metav1.SetMetaDataAnnotation(&s.ObjectMeta, "test/note", "x")
	if err := w.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	eventually.Succeeds(t, func(context.Context) error {
		if before := status.Source; w.readClient(w.namespace, "web").Status.Source == before {
			return fmt.Errorf("no further pass was made")
		}
		return nil
	})
	w.settle()
	if n := w.requests.writes.Load() - writes; n > 2 { // one that finds nothing to change, and the status
		t.Errorf("%d further writes", n)
	}
	if again := w.secretOf(w.namespace, "web-oauth"); string(again.Data["client-secret"]) != value || again.ResourceVersion != s.ResourceVersion {
		t.Error("a further pass has changed the Secret")
	}
}

func TestAnOperatorThatStartsLeavesClientsAsTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.oauthClient(w.namespace, "web")
	w.readyClient(w.namespace, "web")
	w.settle()
	before, secret := w.readClient(w.namespace, "web"), w.secretOf(w.namespace, "web-oauth-client")
	w.stop()
	writes := w.requests.writes.Load()
	w.startOperator()
	w.oauthClient(w.namespace, "second", func(s *v1alpha1.OAuthClientSpec) { s.RealmRef.Name = "nobody" })
	w.awaitClient(w.namespace, "second", v1alpha1.RealmFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound)
	w.settle()
	after := w.readClient(w.namespace, "web")
	if before.ResourceVersion != after.ResourceVersion || w.secretOf(w.namespace, "web-oauth-client").ResourceVersion != secret.ResourceVersion {
		t.Errorf("it was written again: %+v, before %+v", after.Status, before.Status)
	}
	if n := w.requests.writes.Load() - writes; n > 2 { // the second client's status, and maybe once more
		t.Errorf("%d writes", n)
	}
}

func TestAPublicClientHasNoSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.oauthClient(w.namespace, "page", func(s *v1alpha1.OAuthClientSpec) { s.Type = v1alpha1.PublicClient })
	w.awaitClient(w.namespace, "page", v1alpha1.SecretWrittenCondition, metav1.ConditionTrue, v1alpha1.ReasonNotNeeded)
	eventually.Succeeds(t, func(context.Context) error {
		if w.document(w.namespace+".page").ID == "" {
			return fmt.Errorf("pods are not told")
		}
		return nil
	})
	w.startPods()
	w.awaitClient(w.namespace, "page", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if s := w.secretOf(w.namespace, "page-oauth-client"); s != nil {
		t.Error("there is a Secret")
	}
	if told := w.document(w.namespace + ".page"); len(told.Secrets) > 0 || told.TokenEndpointAuthMethod != realmconfig.NoAuthMethod {
		t.Errorf("pods are told %+v", told)
	}
	// One that becomes confidential is given one, and loses it again.
	w.editClient("page", func(s *v1alpha1.OAuthClientSpec) { s.Type = v1alpha1.ConfidentialClient })
	w.readyClient(w.namespace, "page")
	w.editClient("page", func(s *v1alpha1.OAuthClientSpec) { s.Type = v1alpha1.PublicClient })
	w.awaitClient(w.namespace, "page", v1alpha1.SecretWrittenCondition, metav1.ConditionTrue, v1alpha1.ReasonNotNeeded)
	if s := w.secretOf(w.namespace, "page-oauth-client"); s != nil {
		t.Error("its Secret is left over")
	}
}

func TestADeletedClientEndsByATombstone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.oauthClient(w.namespace, "web")
	w.readyClient(w.namespace, "web")
	id := w.namespace + ".web"
	first := w.document(id)
	ended := func() []realmconfig.EndedClient { return w.shardOf(id).Ended }
	w.delete(w.readClient(w.namespace, "web"))
	eventually.Succeeds(t, func(context.Context) error {
		if all := ended(); w.document(id).ID != "" || !slices.ContainsFunc(all, func(e realmconfig.EndedClient) bool { return e.ID == id && e.At.After(first.Since) }) {
			return fmt.Errorf("the document says %+v", w.shardOf(id))
		}
		return nil
	})
	// Made again, it inherits nothing, not even what begins now at a pod that has not heard.
	if s := w.secretOf(w.namespace, "web-oauth-client"); s != nil {
		w.delete(s) // as the garbage collector does, which no test has
	}
	w.oauthClient(w.namespace, "web")
	w.awaitClient(w.namespace, "web", v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "has just ended")
	if told := w.document(id); told.ID != "" {
		t.Errorf("pods are told at once: %+v", told)
	}
	now := w.clock.now()
	w.clock.advance(time.Minute + time.Second)
	w.touchDocument(id)
	w.readyClient(w.namespace, "web")
	again := w.document(id)
	if again.Since.Before(now.Add(time.Minute)) || again.Secrets[0] == first.Secrets[0] {
		t.Errorf("it inherits: %+v, before %+v", again, first)
	}
	for _, e := range ended() {
		if e.ID == id && e.At.After(again.Since) {
			t.Errorf("it has ended at %s, and came to be at %s", e.At, again.Since)
		}
	}
	// And so it stays.
	w.touchDocument(id)
	w.editClient("web", func(s *v1alpha1.OAuthClientSpec) { s.DisplayName = "Again" })
	eventually.Succeeds(t, func(context.Context) error {
		if told := w.document(id); told.DisplayName != "Again" || !told.Since.Equal(again.Since) {
			return fmt.Errorf("pods are told of %+v, before of %+v", told, again)
		}
		return nil
	})
}

// touchDocument has the operator look at the document that a client is in.
func (w *world) touchDocument(id string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		m := w.documentMap(id)
		metav1.SetMetaDataAnnotation(&m.ObjectMeta, "test/at", w.clock.now().String())
		return w.Update(ctx, m)
	})
}

// What a client was while nobody looked, its document remembers.
func TestAClientThatIsDeletedWhileNoOperatorRunsEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.oauthClient(w.namespace, "web")
	w.readyClient(w.namespace, "web")
	id := w.namespace + ".web"
	w.stop()
	w.delete(w.readClient(w.namespace, "web"))
	w.startOperator()
	eventually.Succeeds(t, func(context.Context) error {
		if all := w.shardOf(id).Ended; len(all) != 1 || all[0].ID != id {
			return fmt.Errorf("the document says %+v", w.shardOf(id))
		}
		return nil
	})
}

func TestARealmThatIsDeletedLeavesClientsThatSaySo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.oauthClient(w.namespace, "web")
	w.readyClient(w.namespace, "web")
	value := string(w.secretOf(w.namespace, "web-oauth-client").Data["client-secret"])
	w.delete(w.read())
	w.awaitClient(w.namespace, "web", v1alpha1.RealmFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound, realmName)
	w.awaitClient(w.namespace, "web", v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked)
	w.awaitClient(w.namespace, "web", v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound)
	if s := w.secretOf(w.namespace, "web-oauth-client"); s == nil || string(s.Data["client-secret"]) != value {
		t.Error("its Secret is gone")
	}
}
