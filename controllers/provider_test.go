// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// provider creates an OAuthProvider for the realm, after the functions have
// changed its spec. Its client secret is in the Secret of its name.
func (w *world) provider(name string, change ...func(*v1alpha1.OAuthProviderSpec)) {
	w.t.Helper()
	p := &v1alpha1.OAuthProvider{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace},
		Spec: v1alpha1.OAuthProviderSpec{
			RealmRef:        v1alpha1.RealmRef{Name: realmName},
			Type:            v1alpha1.GoogleProvider,
			ClientID:        "realm-at-" + name,
			ClientSecretRef: v1alpha1.SecretKeyRef{Name: name},
		},
	}
	for _, c := range change {
		c(&p.Spec)
	}
	w.create(p)
}

// clientSecret creates the Secret of a provider.
func (w *world) clientSecret(name, value string) *corev1.Secret {
	w.t.Helper()
	s := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Data:       map[string][]byte{"clientSecret": []byte(value)},
	}
	w.create(s)
	return s
}

func (w *world) readProvider(name string) *v1alpha1.OAuthProvider {
	w.t.Helper()
	p := &v1alpha1.OAuthProvider{}
	w.get(p, name)
	return p
}

// editProvider changes a provider's spec.
func (w *world) editProvider(name string, change func(*v1alpha1.OAuthProviderSpec)) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		p := w.readProvider(name)
		change(&p.Spec)
		return w.Update(ctx, p)
	})
}

// awaitProvider is await for a provider.
func (w *world) awaitProvider(name, kind string, status metav1.ConditionStatus, reason string, words ...string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		p := w.readProvider(name)
		if len(p.Status.Conditions) > 0 {
			w.wantConditions(p.Status.Conditions, v1alpha1.OAuthProviderConditions())
		}
		c := meta.FindStatusCondition(p.Status.Conditions, kind)
		if c == nil || c.ObservedGeneration != p.Generation || c.Status != status || c.Reason != reason {
			return fmt.Errorf("want %s of %s %s/%s; conditions are\n%s", kind, name, status, reason, conditions(p.Status.Conditions))
		}
		for _, word := range words {
			if !strings.Contains(c.Message, word) {
				return fmt.Errorf("want %s to say %q; it says %q", kind, word, c.Message)
			}
		}
		return nil
	})
}

// settings are what the pods are told now.
func (w *world) settings() realmconfig.Config {
	w.t.Helper()
	var config realmconfig.Config
	object := &corev1.ConfigMap{}
	w.get(object, "staff-config-v1")
	if err := realmconfig.Decode([]byte(object.Data["config.json"]), &config); err != nil {
		w.t.Fatal(err)
	}
	return config
}

// awaitProviders waits until the pods are given these providers, each with its
// client secret.
func (w *world) awaitProviders(want map[string]string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		var names []string
		for _, p := range w.settings().Providers {
			names = append(names, p.Name)
		}
		secret := &corev1.Secret{}
		w.get(secret, "staff-provider-credentials")
		got := map[string]string{}
		for name, value := range secret.Data {
			got[name] = string(value)
		}
		if !slices.Equal(names, slices.Sorted(maps.Keys(want))) || !maps.Equal(got, want) {
			return fmt.Errorf("the settings have %v, and secrets of %v", names, slices.Sorted(maps.Keys(got)))
		}
		return nil
	})
}

func TestProviderIsAttachedWithoutNewPods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	before := &appsv1.Deployment{}
	w.get(before, "staff")

	w.clientSecret("google", "hunter2-google")
	w.provider("google")
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.awaitProvider("google", v1alpha1.AttachedCondition, metav1.ConditionTrue, v1alpha1.ReasonAttached, `"staff"`)
	w.awaitProviders(map[string]string{"google": "hunter2-google"})
	if got, want := w.readProvider("google").Status.CallbackURL, "https://login.example.com/api/auth/oauth/callback"; got != want {
		t.Errorf("callbackURL is %q, want %q", got, want)
	}
	eventually.Succeeds(t, func(context.Context) error { // the realm follows what the provider says of itself
		if got := w.read().Status.Providers; len(got) != 1 || got[0].Name != "google" || got[0].Type != v1alpha1.GoogleProvider || !got[0].Ready {
			return fmt.Errorf("the realm's providers are %+v", got)
		}
		return nil
	})
	after := &appsv1.Deployment{}
	w.get(after, "staff")
	if before.Generation != after.Generation {
		t.Errorf("the Deployment came to generation %d from %d", after.Generation, before.Generation)
	}
	w.wantUntold("hunter2")

	if err := w.Delete(t.Context(), w.readProvider("google")); err != nil {
		t.Fatal(err)
	}
	w.awaitProviders(map[string]string{})
	eventually.Succeeds(t, func(context.Context) error {
		if got := w.read().Status.Providers; len(got) > 0 {
			return fmt.Errorf("the realm's providers are still %+v", got)
		}
		return nil
	})
}

// wantUntold looks for a secret where everybody may read.
func (w *world) wantUntold(secret string) {
	w.t.Helper()
	var providers v1alpha1.OAuthProviderList
	var config corev1.ConfigMap
	if err := w.List(w.t.Context(), &providers, client.InNamespace(w.namespace)); err != nil {
		w.t.Fatal(err)
	}
	w.get(&config, "staff-config-v1")
	told, err := json.Marshal([]any{w.read(), providers, config, w.log.String()})
	if err != nil {
		w.t.Fatal(err)
	}
	if strings.Contains(string(told), secret) {
		w.t.Error("a secret stands in settings, status or log")
	}
}

func TestProviderHealsByWhatItLacks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.provider("google", func(s *v1alpha1.OAuthProviderSpec) { s.ClientSecretRef.Key = "secret" })
	w.awaitProvider("google", v1alpha1.RealmFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound, `no AuthRealm "staff"`)
	w.awaitProvider("google", v1alpha1.SecretFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, `no Secret "google"`)
	w.awaitProvider("google", v1alpha1.AcceptedCondition, metav1.ConditionTrue, v1alpha1.ReasonAccepted)
	w.awaitProvider("google", v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked, "RealmFound")
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound)

	w.realm()
	w.ready(2) // whatever its providers lack
	w.awaitProvider("google", v1alpha1.RealmFoundCondition, metav1.ConditionTrue, v1alpha1.ReasonFound)
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)
	w.awaitProviders(map[string]string{})

	secret := w.clientSecret("google", "elsewhere")
	w.awaitProvider("google", v1alpha1.SecretFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, `has no key "secret"`)
	w.put(secret, "secret", "\n")
	w.awaitProvider("google", v1alpha1.SecretFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret)
	w.put(secret, "secret", strings.Repeat("x", 4097))
	w.awaitProvider("google", v1alpha1.SecretFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret, "4096")
	w.put(secret, "secret", "hunter2\n")
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.awaitProviders(map[string]string{"google": "hunter2"})

	w.put(secret, "secret", "rotated")
	w.awaitProviders(map[string]string{"google": "rotated"})
	if err := w.Delete(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	w.awaitProviders(map[string]string{})
	w.awaitProvider("google", v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked, "SecretFound")
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)

	if err := w.Delete(t.Context(), w.read()); err != nil {
		t.Fatal(err)
	}
	w.awaitProvider("google", v1alpha1.RealmFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound)
}

func TestProviderIsAttachedOnlyWhenEveryPodRunsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.clientSecret("google", "x")
	w.clientSecret("github", "y")
	w.pods.freeze("staff-1", "")
	w.provider("google")
	w.awaitProvider("google", v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "Not every pod", "ConfigPropagated")
	w.pods.refresh()
	w.awaitProvider("google", v1alpha1.AttachedCondition, metav1.ConditionTrue, v1alpha1.ReasonAttached)

	// Another provider on its way takes nothing from the first.
	w.pods.freeze("staff-1", "")
	w.provider("github", perProvider, func(s *v1alpha1.OAuthProviderSpec) { s.Type = v1alpha1.GitHubProvider })
	w.awaitProvider("github", v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating, "Not every pod")
	w.awaitProvider("google", v1alpha1.AttachedCondition, metav1.ConditionTrue, v1alpha1.ReasonAttached)

	// A change of the first does.
	w.editProvider("google", func(s *v1alpha1.OAuthProviderSpec) { s.ClientID = "another" })
	w.awaitProvider("google", v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating)
	w.pods.refresh()
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.awaitProvider("github", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.awaitProviders(map[string]string{"github": "y", "google": "x"})
}

func TestProviderIsNotGivenTheKeysOfARealm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	for name, key := range map[string]string{
		"staff-signing-keys": "keyset.json", "staff-encryption-keys": "keys.json", "staff-initial-admin": "password", "staff-database": "uri",
	} {
		w.provider(name, func(s *v1alpha1.OAuthProviderSpec) { s.ClientSecretRef.Key = key })
		w.awaitProvider(name, v1alpha1.SecretFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret, "a realm's own")
	}
	w.awaitProviders(map[string]string{})
}

func TestProviderMovesToAnotherRealm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.clientSecret("google", "x")
	w.provider("google")
	w.awaitProviders(map[string]string{"google": "x"})
	w.editProvider("google", func(s *v1alpha1.OAuthProviderSpec) { s.RealmRef.Name = "other" })
	w.awaitProviders(map[string]string{})
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound, `"other"`)
	if url := w.readProvider("google").Status.CallbackURL; url != "" {
		t.Errorf("callbackURL is %s without a realm", url)
	}
}

func TestProviderOfARealmWithoutPods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) { s.Replicas = ptr[int32](0) })
	w.clientSecret("google", "x")
	w.provider("google")
	w.awaitProvider("google", v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonScaledToZero)
}

func TestSecondPassOverAProviderChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	secret := w.clientSecret("google", "x")
	w.provider("google")
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.rest()
	before, said := w.versions(), w.saidButSources()

	// A pass over both; the provider is asked, since the Secret has changed. The realm
	// remembers in which version it was read, and says nothing else.
	asked := w.pods.timesAsked()
	w.put(secret, "note", "asks for a pass over both")
	eventually.Succeeds(t, func(context.Context) error {
		if w.pods.timesAsked() < asked+2 || w.providers.timesAsked() < 2 {
			return fmt.Errorf("no further pass was made")
		}
		return nil
	})
	w.rest()
	after := w.versions()
	before["AuthRealm"] = after["AuthRealm"]
	if !maps.Equal(before, after) {
		t.Errorf("resource versions moved:\nbefore %v\nafter  %v", before, after)
	}
	if now := w.saidButSources(); !equality.Semantic.DeepEqual(now, said) {
		t.Errorf("the realm says\n%+v\nand said\n%+v", now, said)
	}

	// A pass over the provider alone.
	version, looked := w.readProvider("google").ResourceVersion, w.clock.timesRead()
	w.passOverProviders()
	eventually.Succeeds(t, func(context.Context) error {
		if w.clock.timesRead() == looked {
			return fmt.Errorf("no further pass was made")
		}
		return nil
	})
	w.settle()
	if now := w.readProvider("google").ResourceVersion; now != version {
		t.Errorf("the provider came to version %s from %s", now, version)
	}
	if got := w.providers.timesAsked(); got != 2 {
		t.Errorf("the provider was asked %d times", got)
	}
}

// saidButSources is the status of the realm without the versions of Secrets that it
// remembers.
func (w *world) saidButSources() v1alpha1.AuthRealmStatus {
	w.t.Helper()
	status := w.read().Status
	for i := range status.Providers {
		status.Providers[i].Source = ""
	}
	return status
}

// A realm tells of a provider what the provider tells of itself.
func TestARealmAndItsProviderSayTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.clientSecret("google", "hunter2-google")
	w.providers.answerBy(func(context.Context, preflight.Question) (preflight.Answer, error) {
		refused := preflight.Finding{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonInvalidClient, Message: "no such client"}
		return preflight.Answer{Discovered: preflight.Finding{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonDiscovered, Message: "well"}, CredentialsAccepted: refused}, nil
	})
	w.provider("google")
	w.awaitProvider("google", v1alpha1.AttachedCondition, metav1.ConditionTrue, v1alpha1.ReasonAttached)
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidClient)
	said := func(attached, ready bool) {
		t.Helper()
		eventually.Succeeds(t, func(context.Context) error {
			if got := w.read().Status.Providers; len(got) != 1 || got[0].Attached != attached || got[0].Ready != ready {
				return fmt.Errorf("the realm's providers are %+v", got)
			}
			return nil
		})
	}
	said(true, false)
	w.providers.answerBy(nil)
	w.editProvider("google", func(s *v1alpha1.OAuthProviderSpec) { s.Scopes = []string{"openid", "email"} })
	w.awaitProvider("google", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	said(true, true)
}

// A realm takes up what is in its own namespace alone.
func TestAProviderIsToldWhereItsRealmIs(t *testing.T) {
	t.Parallel()
	own := controlPlane(t)
	w := newWorldOn(t, own, true)
	w.provider("google")
	w.awaitProvider("google", v1alpha1.RealmFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound, "in this namespace; create it")
	elsewhere := own.Namespace(t)
	w.create(&v1alpha1.AuthRealm{
		ObjectMeta: metav1.ObjectMeta{Name: realmName, Namespace: elsewhere}, Spec: v1alpha1.AuthRealmSpec{Issuer: "https://login.example.com"},
	})
	w.awaitProvider("google", v1alpha1.RealmFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonRealmNotFound,
		fmt.Sprintf("there is one in namespace %q: create this there", elsewhere))
}
