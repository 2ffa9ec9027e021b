// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// workload makes a client one of ServiceAccounts.
func workload(accounts ...v1alpha1.ServiceAccountRef) func(*v1alpha1.OAuthClientSpec) {
	return func(s *v1alpha1.OAuthClientSpec) {
		s.GrantTypes, s.RedirectURIs = []v1alpha1.GrantType{v1alpha1.ClientCredentialsGrant, v1alpha1.TokenExchangeGrant}, nil
		s.ServiceAccounts = accounts
	}
}

// clusters are what pods are told of, by name; false where they are told of none.
func (w *world) clusters() (map[string]realmconfig.Cluster, bool) {
	w.t.Helper()
	m := &corev1.ConfigMap{}
	err := w.Get(w.t.Context(), types.NamespacedName{Namespace: w.namespace, Name: realmName + "-clusters-v1"}, m)
	if apierrors.IsNotFound(err) {
		return nil, false
	}
	if err != nil {
		w.t.Fatal(err)
	}
	var document realmconfig.ClusterDocument
	if err := realmconfig.Decode([]byte(m.Data["clusters.json"]), &document); err != nil {
		w.t.Logf("pods would not take the document: %v", err)
		return nil, false
	}
	byName := map[string]realmconfig.Cluster{}
	for _, c := range document.Clusters {
		byName[c.Name] = c
	}
	return byName, true
}

// awaitClusters waits until pods are told of these clusters.
func (w *world) awaitClusters(names ...string) map[string]realmconfig.Cluster {
	w.t.Helper()
	told := map[string]realmconfig.Cluster{}
	eventually.Succeeds(w.t, func(context.Context) error {
		told, _ = w.clusters()
		for _, name := range names {
			if _, found := told[name]; !found || len(told) != len(names) {
				return fmt.Errorf("pods are told of %+v, want %q", told, names)
			}
		}
		return nil
	})
	return told
}

func (w *world) deploymentGeneration() int64 {
	w.t.Helper()
	d := &appsv1.Deployment{}
	w.get(d, realmName)
	return d.Generation
}

// Pods learn with which keys clusters sign by a document of its own, and none is started
// anew for it.
func TestWorkloadsAreKnownByTheKeysOfTheirClusters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.oauthClient(w.namespace, "plain")
	w.readyClient(w.namespace, "plain")
	if _, found := w.clusters(); found {
		t.Error("pods are told of clusters that nobody asks for")
	}
	generation := w.deploymentGeneration()

	w.oauthClient(w.namespace, "orders", workload(
		v1alpha1.ServiceAccountRef{Namespace: "shop", Name: "orders"}, v1alpha1.ServiceAccountRef{Cluster: "staging", Namespace: "shop", Name: "orders"}))
	w.awaitClient(w.namespace, "orders", v1alpha1.AdmittedCondition, metav1.ConditionFalse, v1alpha1.ReasonClusterNotDeclared, `"staging"`, "spec.clients.clusters")
	w.awaitClient(w.namespace, "orders", v1alpha1.SecretWrittenCondition, metav1.ConditionTrue, v1alpha1.ReasonNotNeeded)
	own := w.awaitClusters("")[""]
	if own.Issuer == "" || realmconfig.CheckJWKS(own.JWKS) != nil {
		t.Errorf("of its own cluster the operator says %+v", own)
	}
	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		s.Clients = &v1alpha1.Clients{Clusters: []v1alpha1.Cluster{{Name: "staging", Issuer: "https://kubernetes.default.svc.cluster.local", JWKSURI: "https://k8s.example.com/jwks"}}}
	})
	told := w.awaitClusters("", "staging")
	if told["staging"].JWKSURI != "https://k8s.example.com/jwks" || told[""].Issuer != own.Issuer {
		t.Errorf("pods are told of %+v", told)
	}
	id := w.namespace + ".orders"
	eventually.Succeeds(t, func(context.Context) error {
		if c := w.document(id); len(c.ServiceAccounts) != 2 || len(c.Secrets) > 0 || c.TokenEndpointAuthMethod != realmconfig.PrivateKeyJWT {
			return fmt.Errorf("pods are told %+v", c)
		}
		return nil
	})
	w.startPods()
	w.awaitClient(w.namespace, "orders", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if s := w.secretOf(w.namespace, "orders-oauth-client"); s != nil {
		t.Error("a client without a secret has a Secret")
	}

	// What somebody writes there is no cluster.
	m := &corev1.ConfigMap{}
	w.meddle(m, realmName+"-clusters-v1", func() {
		m.Data["clusters.json"] = strings.ReplaceAll(m.Data["clusters.json"], "k8s.example.com", "evil.example.com")
	})
	eventually.Succeeds(t, func(context.Context) error {
		if told, _ := w.clusters(); told["staging"].JWKSURI != "https://k8s.example.com/jwks" {
			return fmt.Errorf("pods are told of %+v", told)
		}
		return nil
	})
	w.delete(w.readClient(w.namespace, "orders"))
	w.awaitClusters("staging")
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Clients = nil })
	w.awaitClusters()
	if again := w.deploymentGeneration(); again != generation {
		t.Errorf("pods are started anew: generation %d, after %d", again, generation)
	}
}

// A cluster that does not say its keys is a reason that the client tells, and what was known
// before goes on.
func TestAClusterThatDoesNotSayItsKeys(t *testing.T) {
	t.Parallel()
	own := controlPlane(t)
	w := newWorldOn(t, own, true)
	binding := &rbacv1.ClusterRoleBinding{}
	if err := w.Get(t.Context(), types.NamespacedName{Name: "system:service-account-issuer-discovery"}, binding); err != nil {
		t.Fatal(err)
	}
	mayRead := func(allowed bool) {
		t.Helper()
		operator, err := discovery.NewDiscoveryClientForConfig(own.ServiceAccount("realmkeeper-system", "realmkeeper-operator"))
		if err != nil {
			t.Fatal(err)
		}
		eventually.Succeeds(t, func(ctx context.Context) error {
			if err := operator.RESTClient().Get().AbsPath("/openid/v1/jwks").Do(ctx).Error(); (err == nil) != allowed {
				return fmt.Errorf("the operator is answered %w", err)
			}
			return nil
		})
	}
	w.delete(binding)
	mayRead(false)
	w.realm()
	w.ready(2)
	w.oauthClient(w.namespace, "orders", workload(v1alpha1.ServiceAccountRef{Namespace: "shop", Name: "orders"}))
	w.awaitClient(w.namespace, "orders", v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonClusterUnknown, "system:service-account-issuer-discovery")
	w.awaitClient(w.namespace, "orders", v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonClusterUnknown)

	lookAgain := func(displayName string) {
		t.Helper()
		w.clock.advance(6 * time.Minute)
		w.edit(func(s *v1alpha1.AuthRealmSpec) { s.UI = &v1alpha1.UI{DisplayName: displayName} })
	}
	binding.ResourceVersion, binding.UID = "", ""
	w.create(binding)
	mayRead(true)
	lookAgain("One")
	known := w.awaitClusters("")[""]
	w.startPods()
	w.awaitClient(w.namespace, "orders", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)

	// Neither a cluster that says them no longer, nor an operator that starts, takes them away.
	w.delete(binding)
	mayRead(false)
	lookAgain("Two")
	w.stop()
	w.startOperator()
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.settle()
	if told := w.awaitClusters("")[""]; told.Issuer != known.Issuer || string(told.JWKS) != string(known.JWKS) {
		t.Errorf("pods are told of %+v", told)
	}
	w.awaitClient(w.namespace, "orders", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}
