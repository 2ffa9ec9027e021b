// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// providers answer that all is well, unless a test lets the real ones answer.
type providers struct {
	mu    sync.Mutex
	asked []preflight.Question
	real  controllers.AskProvider
}

func (p *providers) ask(ctx context.Context, q preflight.Question) (preflight.Answer, error) {
	p.mu.Lock()
	p.asked = append(p.asked, q)
	real := p.real
	p.mu.Unlock()
	if real != nil {
		return real(ctx, q)
	}
	well := func(reason string) preflight.Finding {
		return preflight.Finding{Status: metav1.ConditionTrue, Reason: reason, Message: "All is well"}
	}
	return preflight.Answer{Discovered: well(v1alpha1.ReasonDiscovered), CredentialsAccepted: well(v1alpha1.ReasonProven)}, nil
}

func (p *providers) answerThemselves() { p.answerBy(controllers.AskProvidersOverHTTP()) }

func (p *providers) answerBy(real controllers.AskProvider) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.real = real
}

// timesAsked is how many questions they were asked.
func (p *providers) timesAsked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asked)
}

const dexCallback = "https://login.example.com/api/auth/oauth/callback"

// dex makes a provider of Dex. It returns the Secret with the client secret.
func (w *world) dex(dex *testenv.Dex, secret string) *corev1.Secret {
	w.t.Helper()
	w.providers.answerThemselves()
	stored := w.clientSecret("dex", secret)
	w.provider("dex", func(s *v1alpha1.OAuthProviderSpec) {
		s.Type, s.Issuer, s.ClientID, s.AllowPrivateNetworks = v1alpha1.OIDCProvider, v1alpha1.EndpointURL(dex.Issuer), dex.ClientID, true
	})
	return stored
}

func TestProviderIsProven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	dex := testenv.StartDex(t, dexCallback)
	secret := w.dex(dex, "hunter2-is-not-it")
	w.awaitProvider("dex", v1alpha1.DiscoveredCondition, metav1.ConditionTrue, v1alpha1.ReasonDiscovered)
	w.awaitProvider("dex", v1alpha1.CredentialsAcceptedCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidClient, "put the secret")
	w.awaitProvider("dex", v1alpha1.AttachedCondition, metav1.ConditionTrue, v1alpha1.ReasonAttached)
	w.awaitProvider("dex", v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidClient, "CredentialsAccepted: ")

	w.put(secret, "clientSecret", dex.ClientSecret)
	w.awaitProvider("dex", v1alpha1.CredentialsAcceptedCondition, metav1.ConditionTrue, v1alpha1.ReasonProven, dexCallback)
	w.awaitProvider("dex", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)

	w.editProvider("dex", func(s *v1alpha1.OAuthProviderSpec) { s.ClientID = "somebody" })
	w.awaitProvider("dex", v1alpha1.CredentialsAcceptedCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidClient)
	w.editProvider("dex", func(s *v1alpha1.OAuthProviderSpec) { s.Issuer += "/" })
	w.awaitProvider("dex", v1alpha1.DiscoveredCondition, metav1.ConditionFalse, v1alpha1.ReasonIssuerMismatch, "exactly")
	w.awaitProvider("dex", v1alpha1.CredentialsAcceptedCondition, metav1.ConditionUnknown, v1alpha1.ReasonBlocked, "Discovered")
	w.editProvider("dex", func(s *v1alpha1.OAuthProviderSpec) {
		s.Issuer, s.AllowPrivateNetworks = v1alpha1.EndpointURL("https://127.0.0.1:1"), false
	})
	w.awaitProvider("dex", v1alpha1.DiscoveredCondition, metav1.ConditionFalse, v1alpha1.ReasonForbiddenAddress, "allowPrivateNetworks")
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.wantUntold("hunter2")
	w.wantUntold(dex.ClientSecret)
}

func TestProviderThatGoesAwayIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	dex := testenv.StartDex(t, dexCallback)
	w.dex(dex, dex.ClientSecret)
	w.awaitProvider("dex", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	wantAsked := func(want int) {
		t.Helper()
		if got := w.providers.timesAsked(); got != want {
			t.Errorf("the provider was asked %d times, want %d", got, want)
		}
	}
	wantAsked(1)

	// What changes in between asks nobody.
	dex.Stop(t)
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Replicas = ptr[int32](0) })
	w.awaitProvider("dex", v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonScaledToZero)
	wantAsked(1)
	w.clock.advance(time.Hour)
	w.passOverProviders()
	w.awaitProvider("dex", v1alpha1.DiscoveredCondition, metav1.ConditionFalse, v1alpha1.ReasonUnreachable, "more is not told of private networks")
	wantAsked(2)

	// Another operator believes what stands there until a visit is due.
	w.stop()
	w.startOperator()
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Replicas = nil })
	w.awaitProvider("dex", v1alpha1.AttachedCondition, metav1.ConditionTrue, v1alpha1.ReasonAttached)
	w.awaitProvider("dex", v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonUnreachable)
	wantAsked(2)
	dex.Start(t)
	w.clock.advance(time.Hour)
	w.passOverProviders()
	w.awaitProvider("dex", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	wantAsked(3)
}

// passOverProviders makes the operator look at the realm's providers: any change
// of the realm does, one that says nothing included.
func (w *world) passOverProviders() {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		realm := w.read()
		metav1.SetMetaDataAnnotation(&realm.ObjectMeta, "test/note", strconv.Itoa(w.clock.timesRead()))
		return w.Update(ctx, realm)
	})
}
