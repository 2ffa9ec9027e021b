// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

func (w *world) labelNamespace(namespace, key, value string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		n := &corev1.Namespace{}
		if err := w.Get(ctx, types.NamespacedName{Name: namespace}, n); err != nil {
			return err
		}
		if n.Labels[key] = value; value == "" {
			delete(n.Labels, key)
		}
		return w.Update(ctx, n)
	})
}

func TestARealmSaysFromWhereClientsMayCome(t *testing.T) {
	t.Parallel()
	own := controlPlane(t)
	w := newWorldOn(t, own, true)
	shop := own.Namespace(t)
	w.oauthClient(shop, "web")
	w.awaitClient(shop, "web", v1alpha1.RealmFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound, realmName, w.namespace)
	w.realm()
	w.ready(2)
	id := shop + ".web"
	refused := func(words ...string) {
		t.Helper()
		w.awaitClient(shop, "web", v1alpha1.AdmittedCondition, metav1.ConditionFalse, v1alpha1.ReasonNamespaceNotAllowed, words...)
		w.awaitClient(shop, "web", v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked, "Admitted")
		eventually.Succeeds(t, func(context.Context) error {
			if w.document(id).ID != "" {
				return fmt.Errorf("pods are told of it")
			}
			return nil
		})
	}
	refused("allowedNamespaces", shop)
	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		s.Clients = &v1alpha1.Clients{AllowedNamespaces: v1alpha1.AllNamespaces}
	})
	w.readyClient(shop, "web")
	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		s.Clients = &v1alpha1.Clients{
			AllowedNamespaces: v1alpha1.SelectedNamespaces,
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}},
		}
	})
	refused("namespaceSelector", shop)
	if ended := w.shardOf(id).Ended; len(ended) > 0 {
		t.Errorf("what is not admitted has ended: %+v", ended)
	}
	w.labelNamespace(shop, "team", "shop")
	w.awaitClient(shop, "web", v1alpha1.AdmittedCondition, metav1.ConditionTrue, v1alpha1.ReasonAdmitted)
	w.readyClient(shop, "web")
	w.labelNamespace(shop, "team", "")
	refused("namespaceSelector")

	// Its own namespace needs nobody's leave.
	w.oauthClient(w.namespace, "own")
	w.readyClient(w.namespace, "own")
}

func TestARealmSaysWhomTokensMayBeFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.oauthClient(w.namespace, "web", func(s *v1alpha1.OAuthClientSpec) { s.Audiences = []string{"https://api.example.com"} })
	w.awaitClient(w.namespace, "web", v1alpha1.AdmittedCondition, metav1.ConditionFalse, v1alpha1.ReasonAudienceNotAllowed, "https://api.example.com")
	w.oauthClient(w.namespace, "api", func(s *v1alpha1.OAuthClientSpec) {
		s.ProtectedResource = &v1alpha1.ProtectedResource{Resource: "https://api.example.com"}
	})
	w.awaitClient(w.namespace, "api", v1alpha1.AdmittedCondition, metav1.ConditionFalse, v1alpha1.ReasonAudienceNotAllowed, "protectedResource.resource", "https://api.example.com")
	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		s.Clients = &v1alpha1.Clients{Audiences: []string{"https://api.example.com"}}
	})
	w.readyClient(w.namespace, "web")
	w.readyClient(w.namespace, "api")
}

// A client looks for its realm in its own namespace unless it says otherwise, and is told
// where there is one.
func TestAClientIsToldWhereItsRealmIs(t *testing.T) {
	t.Parallel()
	own := controlPlane(t)
	w := newWorldOn(t, own, true)
	shop := own.Namespace(t)
	w.oauthClient(shop, "web", func(s *v1alpha1.OAuthClientSpec) { s.RealmRef.Namespace = "" })
	w.awaitClient(shop, "web", v1alpha1.RealmFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound, "in this namespace")
	w.realm()
	w.awaitClient(shop, "web", v1alpha1.RealmFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound, w.namespace, "realmRef.namespace")
}

// An operator of one namespace takes realms of others for none.
func TestARealmThatTheOperatorDoesNotSeeIsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.oauthClient(w.namespace, "web", func(s *v1alpha1.OAuthClientSpec) { s.RealmRef.Namespace = "elsewhere" })
	w.awaitClient(w.namespace, "web", v1alpha1.RealmFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound, `in namespace "elsewhere"`)
	w.settle()
	if strings.Contains(w.log.String(), "elsewhere") {
		t.Errorf("the operator complains:\n%s", w.log)
	}
}

// An operator of one namespace does not end what it does not see.
func TestClientsOfNamespacesThatTheOperatorDoesNotSeeAreLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.oauthClient(w.namespace, "web")
	w.readyClient(w.namespace, "web")
	own := w.namespace + ".web"
	foreign, gone := w.document(own), w.document(own)
	foreign.ID, gone.ID = w.sameShard(own, "elsewhere.app"), w.sameShard(own, w.namespace+".gone")
	w.putDocument(own, w.document(own), foreign, gone)
	eventually.Succeeds(t, func(context.Context) error {
		document := w.shardOf(own)
		if len(document.Clients) != 1 || len(document.Ended) != 1 || document.Ended[0].ID != gone.ID {
			return fmt.Errorf("pods are told of %+v", document)
		}
		return nil
	})
}

// sameShard is an id that begins with another and is in the document of a third.
func (w *world) sameShard(id, prefix string) string {
	for i := 0; ; i++ {
		if named := fmt.Sprint(prefix, i); realmconfig.ClientShard(named) == realmconfig.ClientShard(id) {
			return named
		}
	}
}

// putDocument has somebody write the document that a client is in.
func (w *world) putDocument(id string, clients ...realmconfig.Client) {
	w.t.Helper()
	encoded, err := realmconfig.EncodeClients(realmconfig.ClientDocument{Version: realmconfig.Version, Clients: clients})
	if err != nil {
		w.t.Fatal(err)
	}
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		m := w.documentMap(id)
		m.Data = map[string]string{fmt.Sprintf("clients-%d.json", realmconfig.ClientShard(id)): string(encoded)}
		return w.Update(ctx, m)
	})
}

// documentMap is the ConfigMap of the document that a client is in.
func (w *world) documentMap(id string) *corev1.ConfigMap {
	w.t.Helper()
	m := &corev1.ConfigMap{}
	w.get(m, fmt.Sprintf("%s-clients-%d-v1", realmName, realmconfig.ClientShard(id)))
	return m
}

// Keys are made for clients as soon as their namespace is admitted.
func TestKeysAreMadeForClientsOfANamespaceThatIsAdmitted(t *testing.T) {
	t.Parallel()
	own := controlPlane(t)
	w := newWorldOn(t, own, true)
	shop := own.Namespace(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.Clients = &v1alpha1.Clients{
			AllowedNamespaces: v1alpha1.SelectedNamespaces,
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}},
		}
	})
	w.ready(2)
	w.oauthClient(shop, "web", func(s *v1alpha1.OAuthClientSpec) { s.IDTokenSigningAlg = v1alpha1.EdDSA })
	w.awaitClient(shop, "web", v1alpha1.AdmittedCondition, metav1.ConditionFalse, v1alpha1.ReasonNamespaceNotAllowed)
	w.settle()
	signs := func() bool {
		return slices.ContainsFunc(w.read().Status.SigningKeys, func(k v1alpha1.SigningKeyStatus) bool { return k.Algorithm == v1alpha1.EdDSA })
	}
	if signs() {
		t.Fatal("a key is made for a client that is not admitted")
	}
	w.labelNamespace(shop, "team", "shop")
	eventually.Succeeds(t, func(context.Context) error {
		if !signs() {
			return fmt.Errorf("keys are %+v", w.read().Status.SigningKeys)
		}
		return nil
	})
}
