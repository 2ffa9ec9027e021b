// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// loosen lets the kinds take what they took before they knew better, and returns
// how to make them strict again. That is the whole control plane's.
func loosen(t *testing.T, k8s client.Client) (tighten func()) {
	t.Helper()
	strict := map[string]*unstructured.Unstructured{}
	rewrite := func(name string, schemaOf func(*unstructured.Unstructured) any) {
		eventually.Succeeds(t, func(ctx context.Context) error {
			d := &unstructured.Unstructured{}
			d.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
			if err := k8s.Get(ctx, client.ObjectKey{Name: name}, d); err != nil {
				return err
			}
			if strict[name] == nil {
				strict[name] = d.DeepCopy()
			}
			versions, _, _ := unstructured.NestedSlice(d.Object, "spec", "versions")
			versions[0].(map[string]any)["schema"] = schemaOf(strict[name].DeepCopy())
			if err := unstructured.SetNestedSlice(d.Object, versions, "spec", "versions"); err != nil {
				return err
			}
			return k8s.Update(ctx, d)
		})
	}
	asItIs := func(d *unstructured.Unstructured) any {
		versions, _, _ := unstructured.NestedSlice(d.Object, "spec", "versions")
		return versions[0].(map[string]any)["schema"]
	}
	names := []string{"authrealms.auth.realmkeeper.io", "oauthproviders.auth.realmkeeper.io"}
	for _, name := range names {
		rewrite(name, func(d *unstructured.Unstructured) any { return withoutRules(asItIs(d)) })
	}
	return func() {
		for _, name := range names {
			rewrite(name, asItIs)
		}
	}
}

// withoutRules is a schema without its rules.
func withoutRules(of any) any {
	switch of := of.(type) {
	case map[string]any:
		delete(of, "x-kubernetes-validations")
		for key, value := range of {
			of[key] = withoutRules(value)
		}
	case []any:
		for i, value := range of {
			of[i] = withoutRules(value)
		}
	}
	return of
}

// What stood there before the kinds refused it stops nothing but itself.
func TestSpecsFromBeforeTheKindsRefusedThem(t *testing.T) {
	t.Parallel()
	own := controlPlane(t)
	w := newWorldOn(t, own, false)
	tighten := loosen(t, w.Client)
	w.realm()
	w.ready(2)
	w.clientSecret("github", "hunter2")
	w.provider("github", func(s *v1alpha1.OAuthProviderSpec) { s.Type = v1alpha1.GitHubProvider })
	eventually.Succeeds(t, func(ctx context.Context) error { // the looser kinds take a moment
		return w.Create(ctx, &v1alpha1.OAuthProvider{
			ObjectMeta: metav1.ObjectMeta{Name: "google", Namespace: w.namespace},
			Spec: v1alpha1.OAuthProviderSpec{
				RealmRef: v1alpha1.RealmRef{Name: realmName}, Type: v1alpha1.GoogleProvider, ClientID: "an-id",
				ClientSecretRef: v1alpha1.SecretKeyRef{Name: "vault/google"},
			},
		})
	})
	w.awaitProvider("google", v1alpha1.SecretFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, `no Secret can have the name "vault/google"`)
	w.awaitProviders(map[string]string{"github": "hunter2"})
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.awaitRevoked(w.revoke())

	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		s.Email = &v1alpha1.Email{From: "a@b.example", SMTP: v1alpha1.SMTP{Host: "smtp.b.example",
			CredentialsSecretRef: &v1alpha1.CredentialsSecretRef{Name: "No_Secret"}}}
		s.UI = &v1alpha1.UI{Logo: &v1alpha1.Logo{ConfigMapRef: v1alpha1.ConfigMapKeyRef{Name: "a/b", Key: "logo.svg"}}}
	})
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, `no Secret can have the name "No_Secret"`)
	w.await(v1alpha1.BrandingAcceptedCondition, metav1.ConditionFalse, v1alpha1.ReasonConfigMapNotFound, `no ConfigMap can have the name "a/b"`)
	w.awaitObserved()
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Email, s.UI = nil, nil })
	w.awaitObserved()
	w.runDeploymentAgain("staff", 2)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)

	for _, host := range []string{"müller.example", strings.Repeat("a", 64) + ".example", strings.Repeat("abc.", 63) + "example"} {
		w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Issuer = "https://" + host })
		w.await(v1alpha1.CertificateReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSettings, "issuer: its host")
		w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSettings, "issuer: its host")
		w.await(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSettings)
		w.awaitObserved()
		if got := w.settings().Issuer; got != "https://login.example.com" {
			t.Errorf("pods are told the issuer %s", got)
		}
	}
	w.awaitRevoked(w.revoke())
	w.awaitRenewal()

	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Issuer = "https://login.example.com" })
	guests := &v1alpha1.AuthRealm{
		ObjectMeta: metav1.ObjectMeta{Name: "guests", Namespace: w.namespace}, Spec: v1alpha1.AuthRealmSpec{Issuer: "https://Login.Example.com:443/"},
	}
	w.create(guests)
	eventually.Succeeds(t, func(context.Context) error {
		c := w.issuerCondition("guests")
		if c.Reason != v1alpha1.ReasonDuplicateIssuer ||
			!strings.Contains(c.Message, `AuthRealm "staff" in namespace "`+w.namespace+`" has the issuer https://login.example.com, which is the same place`) {
			return fmt.Errorf("it says %s: %s", c.Reason, c.Message)
		}
		return nil
	})
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Issuer = "https://Login.example.com/my realm" })

	// The strict kinds let such an object change elsewhere.
	tighten()
	eventually.Succeeds(t, func(ctx context.Context) error {
		if err := w.Create(ctx, &v1alpha1.AuthRealm{
			ObjectMeta: metav1.ObjectMeta{Name: "other", Namespace: w.namespace}, Spec: v1alpha1.AuthRealmSpec{Issuer: "https://müller.example"},
		}, client.DryRunAll); err == nil {
			return fmt.Errorf("the kind is not strict yet")
		}
		return nil
	})
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Replicas = ptr[int32](1) })
	eventually.Succeeds(t, func(ctx context.Context) error {
		w.get(guests, "guests")
		guests.Spec.Replicas = ptr[int32](1)
		return w.Update(ctx, guests)
	})
	w.editProvider("google", func(s *v1alpha1.OAuthProviderSpec) { s.DisplayName = "Google" })
	w.awaitProvider("google", v1alpha1.SecretFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)
	w.awaitObserved()
	w.awaitRevoked(w.revoke())
}

func TestAProviderWhoseSecretCannotBeReadStaysWithWhatItHad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.clientSecret("google", "hunter2")
	w.provider("google")
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	role := &rbacv1.Role{}
	w.get(role, "operator")
	before := role.DeepCopy().Rules
	var readable []string
	for child, o := range everyChild() {
		if _, secret := o.(*corev1.Secret); secret {
			readable = append(readable, nameIn(child))
		}
	}
	w.permit(func(rules []rbacv1.PolicyRule) []rbacv1.PolicyRule {
		return append(without("get", "secrets")(rules), rbacv1.PolicyRule{
			APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get"}, ResourceNames: readable,
		})
	})
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Passwords = &v1alpha1.Passwords{BcryptCost: ptr[int32](10)} })
	w.editProvider("google", func(s *v1alpha1.OAuthProviderSpec) { s.DisplayName = "Go" })
	w.awaitProvider("google", v1alpha1.SecretFoundCondition, metav1.ConditionUnknown, v1alpha1.ReasonFailed, `cannot get resource "secrets"`)
	w.awaitProvider("google", v1alpha1.AttachedCondition, metav1.ConditionTrue, v1alpha1.ReasonAttached)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.awaitProviders(map[string]string{"google": "hunter2"})
	w.awaitRevoked(w.revoke())
	if p := w.readProvider("google"); p.Status.ObservedGeneration != p.Generation || meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ReadyCondition) {
		t.Errorf("the status is %+v of generation %d", p.Status, p.Generation)
	}
	w.wantUntold("hunter2")

	w.permit(func([]rbacv1.PolicyRule) []rbacv1.PolicyRule { return before })
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}
