// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

const sharedCallback = "https://login.example.com/api/auth/oauth/callback"

func perProvider(s *v1alpha1.OAuthProviderSpec) { s.Callback = v1alpha1.PerProviderCallback }

// wantCallbacks waits until the pods are given these providers, each with its
// callback: "shared", "named" for the shared one with an issuer to name, or "own".
func (w *world) wantCallbacks(want ...string) {
	w.t.Helper()
	told := func(p realmconfig.Provider) string {
		switch {
		case p.OwnCallback:
			return p.Name + " own"
		case p.RequireIssuer:
			return p.Name + " named"
		default:
			return p.Name + " shared"
		}
	}
	eventually.Succeeds(w.t, func(context.Context) error {
		var got []string
		for _, p := range w.settings().Providers {
			got = append(got, told(p))
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("the settings have %q, want %q", got, want)
		}
		return nil
	})
}

func (w *world) wantCallbackURL(name, want string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		if got := w.readProvider(name).Status.CallbackURL; got != want {
			return fmt.Errorf("callbackURL of %s is %q, want %q", name, got, want)
		}
		return nil
	})
}

// The second provider waits until it has a callback of its own, and costs the
// first one nothing.
func TestASecondProviderWaitsForACallbackOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.clientSecret("one", "x")
	w.clientSecret("another", "y")
	w.provider("one")
	w.awaitProvider("one", v1alpha1.CallbackDistinctCondition, metav1.ConditionTrue, v1alpha1.ReasonAlone)
	w.awaitProvider("one", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.wantCallbacks("one shared")
	w.awaitAged("one")

	w.provider("another", func(s *v1alpha1.OAuthProviderSpec) { s.Callback = v1alpha1.SharedCallback })
	w.awaitProvider("another", v1alpha1.CallbackDistinctCondition, metav1.ConditionFalse, v1alpha1.ReasonRegisterCallback,
		`OAuthProvider "one"`, "register "+sharedCallback+"/another at the provider", "callback: PerProvider")
	w.awaitProvider("another", v1alpha1.AttachedCondition, metav1.ConditionFalse, v1alpha1.ReasonBlocked, "CallbackDistinct")
	w.awaitProvider("another", v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonRegisterCallback)
	w.awaitProvider("another", v1alpha1.CredentialsAcceptedCondition, metav1.ConditionTrue, v1alpha1.ReasonProven)
	w.wantCallbackURL("another", sharedCallback+"/another")
	w.wantCallbackURL("one", sharedCallback)
	w.wantCallbacks("one shared")
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.awaitProvider("one", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)

	w.editProvider("another", perProvider)
	w.awaitProvider("another", v1alpha1.CallbackDistinctCondition, metav1.ConditionTrue, v1alpha1.ReasonPerProvider, sharedCallback+"/another")
	w.awaitProvider("another", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.wantCallbacks("another own", "one shared")
	w.rest()
	versions := func() string {
		return w.readProvider("one").ResourceVersion + " " + w.readProvider("another").ResourceVersion
	}
	before, looked := versions(), w.clock.timesRead()
	w.passOverProviders()
	eventually.Succeeds(t, func(context.Context) error {
		if w.clock.timesRead() == looked {
			return fmt.Errorf("no further pass was made")
		}
		return nil
	})
	w.settle()
	if now := versions(); now != before {
		t.Errorf("another pass brought the providers from versions %s to %s", before, now)
	}

	// When the first one goes, or moves, there is room for the other.
	w.editProvider("another", func(s *v1alpha1.OAuthProviderSpec) { s.Callback = "" })
	w.awaitProvider("another", v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonRegisterCallback)
	w.wantCallbacks("one shared")
	w.editProvider("one", perProvider)
	w.awaitProvider("another", v1alpha1.CallbackDistinctCondition, metav1.ConditionTrue, v1alpha1.ReasonAlone)
	w.wantCallbacks("another shared", "one own")
	w.wantCallbackURL("another", sharedCallback)
	w.wantCallbackURL("one", sharedCallback+"/one")
	w.editProvider("one", func(s *v1alpha1.OAuthProviderSpec) { s.Callback = "" })
	w.awaitProvider("another", v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonRegisterCallback)
	if err := w.Delete(t.Context(), w.readProvider("one")); err != nil {
		t.Fatal(err)
	}
	w.awaitProvider("another", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.wantCallbacks("another shared")
	w.wantCallbackURL("another", sharedCallback)
}

// awaitAged waits until a provider is older than any that is created from now on:
// the API server counts ages in seconds.
func (w *world) awaitAged(name string) {
	w.t.Helper()
	created := w.readProvider(name).CreationTimestamp
	eventually.Succeeds(w.t, func(context.Context) error {
		if time.Since(created.Time) < time.Second {
			return fmt.Errorf("%s is of this second", name)
		}
		return nil
	})
}

// GitHub's answers reach every callback below its own, so nobody gets one there
// before GitHub has moved.
func TestNobodyHasACallbackBelowGitHubs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.clientSecret("github", "x")
	w.clientSecret("another", "y")
	w.provider("github", func(s *v1alpha1.OAuthProviderSpec) { s.Type = v1alpha1.GitHubProvider })
	w.awaitProvider("github", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.awaitAged("github")
	w.provider("another", perProvider)
	w.awaitProvider("another", v1alpha1.CallbackDistinctCondition, metav1.ConditionFalse, v1alpha1.ReasonRegisterCallback,
		`OAuthProvider "github"`, "register "+sharedCallback+"/github at GitHub in place of "+sharedCallback)
	w.wantCallbacks("github shared")
	w.editProvider("github", perProvider)
	w.awaitProvider("another", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.wantCallbacks("another own", "github own")
}

// issuerOf is an issuer that promises to name itself as long as it is told to.
func issuerOf(t *testing.T, promises *atomic.Bool) string {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		document := map[string]any{"error": "invalid_grant"}
		switch {
		case strings.HasPrefix(r.URL.Path, "/.well-known/"):
			document = map[string]any{
				"issuer": server.URL, "authorization_endpoint": server.URL, "token_endpoint": server.URL, "jwks_uri": server.URL + "/keys",
				"authorization_response_iss_parameter_supported": promises.Load(),
			}
		case r.URL.Path == "/keys":
			document = map[string]any{"keys": []map[string]string{{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}}
		default:
			w.WriteHeader(http.StatusBadRequest)
		}
		_ = json.NewEncoder(w).Encode(document)
	})
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// Providers that name themselves share the callback, and one that takes its
// promise back is in trouble alone.
func TestProvidersThatNameThemselvesShareTheCallback(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	w.providers.answerThemselves()
	var first, second atomic.Bool
	first.Store(true)
	for name, promises := range map[string]*atomic.Bool{"a": &first, "b": &second} {
		w.clientSecret(name, "x")
		w.provider(name, func(s *v1alpha1.OAuthProviderSpec) {
			s.Type, s.Issuer, s.AllowPrivateNetworks = v1alpha1.OIDCProvider, v1alpha1.EndpointURL(issuerOf(t, promises)), true
		})
	}
	w.awaitProvider("a", v1alpha1.CallbackDistinctCondition, metav1.ConditionTrue, v1alpha1.ReasonIssuerNamed)
	w.awaitProvider("a", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.awaitProvider("b", v1alpha1.CallbackDistinctCondition, metav1.ConditionTrue, v1alpha1.ReasonAlone)
	w.awaitProvider("b", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.wantCallbacks("a named", "b shared")
	w.wantCallbackURL("a", sharedCallback)
	w.wantCallbackURL("b", sharedCallback)
	if got, want := w.readProvider("a").Status.NamedIssuer, string(w.readProvider("a").Spec.Issuer); got != want {
		t.Errorf("the issuer that is named is %q, want %q", got, want)
	}

	first.Store(false)
	w.clock.advance(time.Hour)
	w.passOverProviders()
	w.awaitProvider("a", v1alpha1.DiscoveredCondition, metav1.ConditionFalse, v1alpha1.ReasonIssuerNotNamed, "callback: PerProvider")
	w.awaitProvider("b", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.wantCallbacks("a named", "b shared")
	w.stop()
	w.startOperator()
	w.editProvider("a", perProvider)
	w.awaitProvider("a", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.wantCallbacks("a own", "b shared")
	if c := meta.FindStatusCondition(w.readProvider("b").Status.Conditions, v1alpha1.CallbackDistinctCondition); c.Status != metav1.ConditionTrue {
		t.Errorf("the other one is %+v", c)
	}

	second.Store(true)
	w.clock.advance(time.Hour)
	w.passOverProviders()
	w.awaitProvider("b", v1alpha1.CallbackDistinctCondition, metav1.ConditionTrue, v1alpha1.ReasonIssuerNamed)
	w.wantCallbacks("a own", "b named")
}

// The release before asked less: what it has written down does not make do.
func TestAProviderIsAskedOnceAfterAnUpgrade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	secret := w.clientSecret("one", "x")
	w.provider("one", func(s *v1alpha1.OAuthProviderSpec) { s.Type, s.Issuer = v1alpha1.OIDCProvider, "https://one.example" })
	w.awaitProvider("one", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.rest()
	w.stop()

	p := w.readProvider("one")
	revision, err := render.ProviderRevision(p, render.Callback{})
	if err != nil {
		t.Fatal(err)
	}
	w.get(secret, "one")
	p.Status.Preflight = realmconfig.Revision([]byte(revision + "\n" + sharedCallback + "\n" + string(secret.UID) + "/" + secret.ResourceVersion))
	if err := w.Status().Update(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	w.providers.answerBy(func(_ context.Context, q preflight.Question) (preflight.Answer, error) {
		well := preflight.Finding{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonProven, Message: "All is well"}
		return preflight.Answer{Discovered: well, CredentialsAccepted: well, NamedIssuer: q.Provider.Issuer}, nil
	})
	w.startOperator()
	w.awaitProvider("one", v1alpha1.CallbackDistinctCondition, metav1.ConditionTrue, v1alpha1.ReasonIssuerNamed)
	w.awaitProvider("one", v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	asked := w.providers.timesAsked()
	w.stop()
	w.startOperator()
	w.again()
	w.settle()
	if n := w.providers.timesAsked() - asked; n != 0 {
		t.Errorf("a restart of the same release asked %d times", n)
	}
}
