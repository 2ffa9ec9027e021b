// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// takes reports whether pods take a secret of the client.
func takes(c realmconfig.Client, value string) bool {
	for _, s := range c.Secrets {
		if s.SHA256 == realmconfig.DigestSecret(value) {
			return true
		}
	}
	return false
}

// awaitTaken waits until pods take a secret of the client web, or do not.
func (w *world) awaitTaken(value string, want bool) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		if got := takes(w.document(w.namespace+".web"), value); got != want {
			return fmt.Errorf("pods take it: %t, want %t; they are told %+v", got, want, w.document(w.namespace+".web"))
		}
		return nil
	})
}

// valueOf is the client secret in a Secret of the world's namespace, "" for none.
func (w *world) valueOf(secret string) string {
	w.t.Helper()
	if s := w.secretOf(w.namespace, secret); s != nil {
		return string(s.Data["client-secret"])
	}
	return ""
}

func TestASecretIsRotatedAndNobodyNotices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.oauthClient(w.namespace, "web", func(s *v1alpha1.OAuthClientSpec) {
		s.Secret = &v1alpha1.ClientSecret{Name: "web", Rotation: &v1alpha1.ClientSecretRotation{
			Interval: &metav1.Duration{Duration: 100 * time.Hour}, Overlap: &metav1.Duration{Duration: 10 * time.Hour},
		}}
	})
	w.readyClient(w.namespace, "web")
	first := w.valueOf("web")
	if next := w.readClient(w.namespace, "web").Status.NextRotation; next == nil || next.Sub(w.clock.now()) < 99*time.Hour {
		t.Errorf("the next rotation is at %v", next)
	}

	// A pod that does not know the new secret holds it back.
	w.pods.freeze(podName(1), "")
	w.editClient("web", func(s *v1alpha1.OAuthClientSpec) {
		s.Secret.RotateAfter = &metav1.Time{Time: w.clock.now().Add(time.Second)}
	})
	w.clock.advance(2 * time.Second)
	w.editClient("web", func(s *v1alpha1.OAuthClientSpec) { s.DisplayName = "Web" })
	w.awaitClient(w.namespace, "web", v1alpha1.SecretWrittenCondition, metav1.ConditionTrue, v1alpha1.ReasonRotating)
	w.awaitKnown(w.namespace, "web")
	w.settlePods()
	if w.valueOf("web") != first {
		t.Fatal("the new secret is written before every pod knows it")
	}
	w.pods.refresh()
	w.awaitClient(w.namespace, "web", v1alpha1.SecretWrittenCondition, metav1.ConditionTrue, v1alpha1.ReasonOverlapping, "no pod has seen it used")
	second := w.valueOf("web")
	told := w.document(w.namespace + ".web")
	if second == first || !takes(told, first) || !takes(told, second) {
		t.Fatalf("pods are told %+v", told)
	}
	w.awaitClient(w.namespace, "web", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)

	// Somebody goes on with the one before, and it is dropped all the same.
	day := w.clock.now().UTC().Format(time.DateOnly)
	w.pods.see(w.namespace+".web", day)
	w.clock.advance(time.Hour)
	w.editClient("web", func(s *v1alpha1.OAuthClientSpec) { s.DisplayName = "Web again" })
	w.awaitClient(w.namespace, "web", v1alpha1.SecretWrittenCondition, metav1.ConditionTrue, v1alpha1.ReasonOverlapping, "was last used on "+day)
	if used := w.readClient(w.namespace, "web").Status.LastUsedAt; used == nil || used.UTC().Format(time.DateOnly) != day {
		t.Errorf("the client was last used at %v", used)
	}
	w.clock.advance(10 * time.Hour)
	w.editClient("web", func(s *v1alpha1.OAuthClientSpec) { s.DisplayName = "Web for good" })
	w.awaitClient(w.namespace, "web", v1alpha1.SecretWrittenCondition, metav1.ConditionTrue, v1alpha1.ReasonWritten)
	w.awaitTaken(first, false)
	w.awaitTaken(second, true)
}

func TestASecretThatIsDeletedComesBackAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.oauthClient(w.namespace, "web")
	w.readyClient(w.namespace, "web")
	const name = "web-oauth-client"
	first := w.valueOf(name)
	w.delete(w.secretOf(w.namespace, name))
	w.awaitClient(w.namespace, "web", v1alpha1.SecretWrittenCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating)
	w.awaitKnown(w.namespace, "web")
	w.awaitClient(w.namespace, "web", v1alpha1.SecretWrittenCondition, metav1.ConditionTrue, v1alpha1.ReasonOverlapping)
	if second := w.valueOf(name); second == first || !takes(w.document(w.namespace+".web"), second) || !takes(w.document(w.namespace+".web"), first) {
		t.Errorf("pods are told %+v", w.document(w.namespace+".web"))
	}

	// What somebody writes into it is nobody's secret.
	s := w.secretOf(w.namespace, name)
	s.Data["client-secret"] = []byte("hunter2")
	if err := w.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	w.awaitClient(w.namespace, "web", v1alpha1.SecretWrittenCondition, metav1.ConditionFalse, v1alpha1.ReasonPropagating)
	w.awaitKnown(w.namespace, "web")
	eventually.Succeeds(t, func(context.Context) error {
		if value := w.valueOf(name); value == "hunter2" || !takes(w.document(w.namespace+".web"), value) {
			return fmt.Errorf("the Secret has %d characters", len(value))
		}
		return nil
	})
	if takes(w.document(w.namespace+".web"), "hunter2") {
		t.Error("pods take what somebody wrote")
	}
}

func TestASecretOfAnotherNameHasTheSameSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.oauthClient(w.namespace, "web")
	w.readyClient(w.namespace, "web")
	first := w.valueOf("web-oauth-client")
	w.editClient("web", func(s *v1alpha1.OAuthClientSpec) { s.Secret = &v1alpha1.ClientSecret{Name: "grafana"} })
	eventually.Succeeds(t, func(context.Context) error {
		if w.valueOf("grafana") != first || w.secretOf(w.namespace, "web-oauth-client") != nil {
			return fmt.Errorf("there are %q and %q", w.valueOf("grafana"), w.valueOf("web-oauth-client"))
		}
		return nil
	})
	// A key that is wanted no longer goes, and one that is wanted comes.
	w.editClient("web", func(s *v1alpha1.OAuthClientSpec) {
		s.Secret.Keys = map[string]v1alpha1.ClientSecretTemplate{"a": "x", "b": "y"}
	})
	w.awaitSecretKeys("grafana", "a b client-id client-secret issuer")
	w.editClient("web", func(s *v1alpha1.OAuthClientSpec) { delete(s.Secret.Keys, "a") })
	w.awaitSecretKeys("grafana", "b client-id client-secret issuer")
	if w.valueOf("grafana") != first {
		t.Error("the secret has changed")
	}
}

func (w *world) awaitSecretKeys(secret, want string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		var keys []string
		for _, key := range []string{"a", "b", "client-id", "client-secret", "issuer"} {
			if _, found := w.secretOf(w.namespace, secret).Data[key]; found {
				keys = append(keys, key)
			}
		}
		if got := strings.Join(keys, " "); got != want {
			return fmt.Errorf("it has the keys %s, want %s", got, want)
		}
		return nil
	})
}

func TestAForeignSecretIsNeverWrittenTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "theirs"}, Data: map[string][]byte{"password": []byte("x")}})
	before := w.secretOf(w.namespace, "theirs")
	for name, secret := range map[string]string{"thief": "theirs", "squatter": "shop-signing-keys", "admin": realmName + "-initial-admin", "ca": realmName + "-tls"} {
		w.oauthClient(w.namespace, name, func(s *v1alpha1.OAuthClientSpec) { s.Secret = &v1alpha1.ClientSecret{Name: secret} })
		w.awaitClient(w.namespace, name, v1alpha1.SecretWrittenCondition, metav1.ConditionFalse, v1alpha1.ReasonNameTaken, `"`+secret+`"`, "not written to")
	}
	if after := w.secretOf(w.namespace, "theirs"); after.ResourceVersion != before.ResourceVersion {
		t.Error("the Secret was written to")
	}
	if s := w.secretOf(w.namespace, "shop-signing-keys"); s != nil {
		t.Error("a Secret was made of a name that a realm needs")
	}
	// Once it is out of the way, the client has its own.
	w.delete(before)
	w.readyClient(w.namespace, "thief")
	if w.valueOf("theirs") == "" {
		t.Error("there is none")
	}
}
