// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"maps"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers"
)

// allow has the operator run on where the installation allows something else.
func (w *world) allow(policy controllers.Policy) {
	w.t.Helper()
	w.stop()
	w.allowed = policy
	w.startOperator()
}

func TestImagesThatAreNotAllowedChangeNothingThatRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.allow(controllers.Policy{})
	w.realm(func(s *v1alpha1.AuthRealmSpec) { s.Image = "realmkeeper:older" })
	w.ready(2)
	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		s.Image = "evil.example/realmkeeper:1"
		s.Database = &v1alpha1.Database{Managed: &v1alpha1.ManagedDatabase{Image: "postgres-evil:15"}}
		s.Cache = &v1alpha1.Cache{Managed: &v1alpha1.ManagedCache{Image: "redis/evil"}}
		s.UI = &v1alpha1.UI{DisplayName: "Goes on"}
	})
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonNotAllowed,
		`image: this installation does not allow the image "evil.example/realmkeeper:1"`, "name one of docker.io/library/postgres,", "leave the field out")
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonNotAllowed, `database.managed.image: `, "postgres-evil:15")
	w.await(v1alpha1.CacheReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonNotAllowed, `cache.managed.image: `, "redis/evil")
	w.await(v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable, "2 of 2")
	server, cache, database := &appsv1.Deployment{}, &appsv1.Deployment{}, &appsv1.StatefulSet{}
	w.get(server, "staff")
	w.get(cache, "staff-cache")
	w.get(database, "staff-database")
	for want, template := range map[string]string{
		"realmkeeper:older": server.Spec.Template.Spec.Containers[0].Image,
		"redis:test":        cache.Spec.Template.Spec.Containers[0].Image,
		"postgres:test":     database.Spec.Template.Spec.Containers[0].Image,
	} {
		if template != want {
			t.Errorf("pods run %s, want %s", template, want)
		}
	}
	if name := w.settings().UI.DisplayName; name != "Goes on" {
		t.Errorf("pods are told the name %q", name)
	}

	w.allow(controllers.Policy{Images: []string{"evil.example/realmkeeper", "docker.io/redis/", "docker.io/library/postgres-evil:15"}})
	w.awaitImage("evil.example/realmkeeper:1")
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionTrue, v1alpha1.ReasonApplied)
}

func TestARealmWithImagesThatAreNotAllowedDoesNotBegin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.Image = "evil.example/realmkeeper:1"
		s.Database = &v1alpha1.Database{Managed: &v1alpha1.ManagedDatabase{Image: "evil.example/postgres"}}
		s.Cache = &v1alpha1.Cache{Managed: &v1alpha1.ManagedCache{Image: "evil.example/redis"}}
	})
	w.await(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonNotAllowed)
	var deployments appsv1.DeploymentList
	var sets appsv1.StatefulSetList
	if err := w.List(t.Context(), &deployments, client.InNamespace(w.namespace)); err != nil {
		t.Fatal(err)
	}
	if err := w.List(t.Context(), &sets, client.InNamespace(w.namespace)); err != nil {
		t.Fatal(err)
	}
	if len(deployments.Items) > 0 || len(sets.Items) > 0 {
		t.Errorf("%d Deployments and %d StatefulSets were made", len(deployments.Items), len(sets.Items))
	}
}

func TestAnnotationsThatAreNotAllowedLeaveTheIngressAsItIs(t *testing.T) {
	t.Parallel()
	const protocol, snippet = "nginx.ingress.kubernetes.io/backend-protocol", "nginx.ingress.kubernetes.io/configuration-snippet"
	w := newWorld(t)
	w.allow(controllers.Policy{IngressAnnotations: []string{protocol}})
	exposed := func(annotations map[string]v1alpha1.AnnotationValue) *v1alpha1.Exposure {
		return &v1alpha1.Exposure{Ingress: &v1alpha1.IngressExposure{ClassName: "nginx", Annotations: annotations}}
	}
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.Exposure = exposed(map[string]v1alpha1.AnnotationValue{protocol: "HTTPS"})
	})
	w.await(v1alpha1.ExposedCondition, metav1.ConditionTrue, v1alpha1.ReasonExposed)
	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		s.Exposure = exposed(map[string]v1alpha1.AnnotationValue{protocol: "HTTP", snippet: "evil"})
	})
	w.await(v1alpha1.ExposedCondition, metav1.ConditionFalse, v1alpha1.ReasonNotAllowed, "exposure.ingress.annotations: ", snippet, "allowed.ingressAnnotations")
	ingress := &networkingv1.Ingress{}
	w.get(ingress, "staff")
	if want := map[string]string{protocol: "HTTPS"}; !maps.Equal(ingress.Annotations, want) {
		t.Errorf("the Ingress has %v, want %v", ingress.Annotations, want)
	}
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Exposure = nil })
	w.wantGone(ingress, "staff")
}

func TestPrivateNetworksThatAreNotAllowedLeaveTheSettingsAsTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.clientSecret("dex", "x")
	w.provider("dex", func(s *v1alpha1.OAuthProviderSpec) {
		s.Type, s.Issuer, s.AllowPrivateNetworks = v1alpha1.OIDCProvider, "http://dex.dex.svc", true
	})
	w.awaitProviders(map[string]string{"dex": "x"})
	w.allow(controllers.Policy{})
	asked := w.providers.timesAsked()
	w.awaitProvider("dex", v1alpha1.AcceptedCondition, metav1.ConditionFalse, v1alpha1.ReasonNotAllowed, "allowPrivateNetworks: ", "allowed.privateNetworks")
	w.awaitProvider("dex", v1alpha1.DiscoveredCondition, metav1.ConditionUnknown, v1alpha1.ReasonBlocked, "Accepted")
	w.awaitProvider("dex", v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked, "goes on with what it had", "Accepted")
	w.editProvider("dex", func(s *v1alpha1.OAuthProviderSpec) {
		s.Issuer, s.ClientSecretRef.Name = "http://10.0.0.1:22", "another"
	})
	w.clientSecret("another", "y")
	w.provider("new", func(s *v1alpha1.OAuthProviderSpec) {
		s.Type, s.Issuer, s.AllowPrivateNetworks, s.Callback = v1alpha1.OIDCProvider, "http://10.0.0.1:22", true, v1alpha1.PerProviderCallback
	})
	w.clientSecret("new", "z")
	for _, name := range []string{"dex", "new"} {
		w.awaitProvider(name, v1alpha1.AcceptedCondition, metav1.ConditionFalse, v1alpha1.ReasonNotAllowed)
	}
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.UI = &v1alpha1.UI{DisplayName: "Goes on"} })
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionTrue, v1alpha1.ReasonApplied)
	w.awaitProviders(map[string]string{"dex": "x"})
	if settings := w.settings(); settings.Providers[0].Issuer != "http://dex.dex.svc" || settings.UI.DisplayName != "Goes on" {
		t.Errorf("pods are told %q of dex, and the name %q", settings.Providers[0].Issuer, settings.UI.DisplayName)
	}
	if n := w.providers.timesAsked(); n > asked {
		t.Errorf("a provider that is not allowed was asked %d times", n-asked)
	}

	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		s.Tracing = &v1alpha1.Tracing{Endpoint: "http://10.0.0.1:22", AllowPrivateNetworks: true}
	})
	w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonNotAllowed, "tracing.allowPrivateNetworks: ", "allowed.privateNetworks")
	if tracing := w.settings().Tracing; tracing != nil {
		t.Errorf("pods are told of %+v", tracing)
	}
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Tracing = nil })
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}
